# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# Completion of kdump(1). A command is one line in the first table; tests/cli compares its options
# with --help and with the man page. Options and values end up in `complete`'s COMPREPLY.

# command: its options; a word in angle brackets is what the arguments are: <file> or <folder>
declare -gA _kdump_commands=(
	[load]='--kernel --initrd --ramdisk --no-initrd --append --command-line --reuse-cmdline
		--method --backup --kexec-file-syscall --kexec-syscall --kexec-syscall-auto --unload
		--debug --load-panic --type --args-linux -s -c -a -u -d -p -t <file>'
	[setup]='--dry-run --remove --target --crashkernel --root --json --verbose -n -v'
	[refresh]='--load --kernel-version --verbose -l -k -v'
	[unload]=''
	[arm]=''
	[disarm]=''
	[status]='--json --root'
	[doctor]='--all --json --log-changes --root -a'
	[test]='--really --yes --force --result --json --root -y'
	[rehearse]='--output --time-limit --keep --emulate --quiet --json -o -t -q <folder>'
	[estimate]='--kernel --initrd --ramdisk --no-initrd --backup --config --root --json <file>'
	[collect]='--from --pstore --into --keep --motd --no-journal --json --root'
	[list]='--json --root <folder>'
	[prune]='--dry-run --quiet --keep-count --keep-days --keep-free --json --root -n -q <folder>'
	[initramfs]='--output --kernel-version --config --target --capture-program --busybox --view-program --root --list
		--json --verbose -o -k -v'
	[info]='--json --raw-input <file>'
	[gdb]='--vmlinux --debug-folder --raw-input <file>'
	[gdbserver]='--stdio --allow-remote --raw-input <file>'
	[log]='--time --decode --level --follow-levels --caller --dictionary --indent --raw --json --raw-input -T -x -l -r <file>'
	[save]='--level --exclude --compress --format --jobs --limit --order --erase --force --dry-run --quiet
		--json --raw-input -d -x -c -f -j -n -q <file>'
	[mount]='--foreground --excluded --cache --raw-input -f <file>'
	[umount]='--lazy -l <folder>'
	[verify]='--json --raw-input <file>'
	[sym]='--json --raw-input <file>'
	[ps]='--json --raw-input <file>'
	[bt]='--cpus --all --pid --cpu --state --fold --guess --vmlinux --debug-folder --no-lines --json --raw-input -a -A -p -c -s <file>'
	[regs]='--json --raw-input <file>'
	[mods]='--sections --json --raw-input -s <file>'
	[type]='--json --raw-input <file>'
	[symfile]='--output --raw-input -o <file>'
	[report]='--json --html --output --vmlinux --debug-folder --no-lines --raw-input -o <file>'
	[locks]='--json --raw-input <file>'
	[mounts]='--pid --json --raw-input -p <file>'
	[files]='--pid --json --raw-input -p <file>'
	[pages]='--json --raw-input <file>'
	[net]='--json --raw-input <file>'
	[irqs]='--json --raw-input <file>'
	[timers]='--json --raw-input <file>'
	[slab]='--json --raw-input <file>'
	[cmdline]='--json --raw-input <file>'
	[config]='--json --raw-input <file>'
	[mem]='--virtual --physical --task --bytes --hex --words --symbols --strings --disassemble --raw --json --raw-input -n <file>'
	[version]=''
)

# option: the values that may follow it, or <file>, <folder>, <release>, <text>
declare -gA _kdump_values=(
	[--kernel]='<file>' [--initrd]='<file>' [--ramdisk]='<file>'
	[--append]='<text>' [--command-line]='<text>'
	[--method]='auto file segments'
	[--backup]='auto always never'
	[--type]='bzImage vmlinux'
	[--vmlinux]='<file>'
	[--root]='<folder>' [--config]='<file>' [--output]='<file>' [-o]='<file>' [--list]='<file>'
	[--kernel-version]='<release>' [-k]='<release>'
	[--debug-folder]='<folder>'
	[--bytes]='<text>' [-n]='<text>'
	[--capture-program]='<file>' [--busybox]='<file>' [--view-program]='<file>' [--target]='<file>' [--crashkernel]='<text>'
	[--level]='31 1 0 1,31 err warn+' [-d]='31 1 0 1,31' [-l]='err warn+ +notice'
	[--exclude]='zero cache cache-all user huge free structs' [-x]='zero cache cache-all user huge free structs'
	[--compress]='zstd zlib zlib-fast lzo snappy none' [-c]='zstd zlib zlib-fast lzo snappy none'
	[--format]='kdump elf flat' [-f]='kdump elf flat'
	[--jobs]='<text>' [-j]='<text>' [--limit]='<text>' [--order]='value address'
	[--from]='<file>' [--pstore]='<folder>' [--into]='<folder>'
	[--keep-count]='<text>' [--keep-days]='<text>' [--keep-free]='<text>'
	[--excluded]='error zero' [--cache]='<text>'
)

# What may stand for the words in angle brackets.
_kdump_expand() {
	local words=$1 current=$2
	case $words in
	*'<file>'*) compgen -f -- "$current" ;;
	*'<folder>'*) compgen -d -- "$current" ;;
	*'<release>'*) (cd /lib/modules 2>/dev/null && compgen -W "$(echo *)" -- "$current") ;;
	*'<text>'*) ;;
	*) compgen -W "$words" -- "$current" ;;
	esac
}

_kdump() {
	local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
	local command=${COMP_WORDS[1]:-} options

	COMPREPLY=()
	if ((COMP_CWORD == 1)); then
		mapfile -t COMPREPLY < <(compgen -W "${!_kdump_commands[*]} help" -- "$current")
		return
	fi
	[[ $current == = ]] && current=
	# --method=VALUE comes as three words
	[[ $previous == = ]] && previous=${COMP_WORDS[COMP_CWORD - 2]}
	options=${_kdump_commands[$command]-}
	if [[ -n ${_kdump_values[$previous]-} && " $options " == *[[:space:]]"$previous"[[:space:]]* ]]; then
		mapfile -t COMPREPLY < <(_kdump_expand "${_kdump_values[$previous]}" "$current")
	elif [[ $current == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "${options//<*>/} --help -h" -- "$current")
	elif [[ $options == *'<'* ]]; then
		mapfile -t COMPREPLY < <(_kdump_expand "<${options##*<}" "$current")
	fi
	compopt -o filenames 2>/dev/null
}

complete -F _kdump kdump
