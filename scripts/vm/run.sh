#!/usr/bin/env bash
# run.sh COMMAND…: runs a command as root in a virtual machine with Debian's kernel 6.12, which has every module, and with
# this machine's files, to which nothing is written. Its output is this one's, and so is its exit code. An hour at most.
# As it is emulated, a processor is ten to twenty times as slow; to boot takes some ten seconds.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
bash "$here/kernel.sh"
vm=$(readlink -f "$here/../../.build/vm")

job=$(mktemp -d "$vm/job.XXXXXX")
trap 'rm -rf "$job"' EXIT
printf 'cd %q\n%s\n' "$PWD" "$(printf '%q ' "$@")" >"$job/script"
timeout --foreground "${NETLOOM_VM_SECONDS:-3600}" qemu-system-x86_64 -accel tcg,thread=multi -cpu Nehalem -smp 2 \
  -m "${NETLOOM_VM_MEGABYTES:-1536}" -nodefaults -display none -no-reboot -serial stdio -serial "file:$job/code" \
  -kernel "$vm"/kernel/boot/vmlinuz-* -initrd "$vm/initrd" \
  -virtfs local,path=/,mount_tag=files,security_model=none,readonly=on,multidevs=remap \
  -append "console=ttyS0 quiet panic=-1 netloom.modules=$vm/kernel/lib/modules netloom.script=$job/script" </dev/null |
  sed -u 's/\r$//' || true
code=$(tr -dc 0-9 <"$job/code" || true)
[[ -n $code ]] || { echo 'The virtual machine ended without an exit code' >&2 && exit 70; }
exit "$code"
