/* SPDX-License-Identifier: GPL-2.0-or-later */
/* kdump-view: `kdump mount` as a program of its own, small and static, for the second kernel's rescue shell. */
#include "cmd/command.h"

int main(int argc, char **argv)
{
	return kd_cmd_mount.run(&kd_cmd_mount, argc, argv);
}
