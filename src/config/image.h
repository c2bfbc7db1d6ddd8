/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Places in the capture image that its builder and the capture program agree on. */
#ifndef KD_CONFIG_IMAGE_H
#define KD_CONFIG_IMAGE_H

/* The resolved configuration. */
#define KD_IMAGE_CONFIG "/etc/kdump.conf"
/* Modules in load order, one absolute path a line. */
#define KD_IMAGE_MODULES        "/etc/kdump/modules"
#define KD_IMAGE_RESCUE_MODULES "/etc/kdump/rescue-modules"
/* How targets are put together: "NUMBER md UUID METADATA MEMBERS" or "NUMBER lvm VG/LV"; targets count from 0. */
#define KD_IMAGE_ASSEMBLY "/etc/kdump/assembly"
/* Shared libraries, by the names that programs ask for. */
#define KD_LIBRARY_FOLDER "/lib/kdump"

#endif
