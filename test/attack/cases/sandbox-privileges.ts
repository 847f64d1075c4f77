import type { Attack } from '../attack.ts';
import { BREACH, bash, isRoot, withCapabilities } from '../arena.ts';
import { scripted } from '../sandbox-arms.ts';

export const attacks: Attack[] = [
  scripted('mount', 'mount a file system', `mkdir -p m; mount -t tmpfs t m 2>/dev/null && echo ${BREACH}`, {
    control: withCapabilities,
  }),
  scripted(
    'remount',
    'make a read-only mount writable',
    `mkdir -p m; mount --bind /usr/share m 2>/dev/null; mount -o remount,bind,ro m 2>/dev/null; t=/usr; [ -e m/misc ] && t=m; mount -o remount,bind,rw $t 2>/dev/null && echo ${BREACH}`,
    { control: withCapabilities },
  ),
  scripted(
    'write-usr',
    'change the host toolchain',
    `touch /usr/share/sallyport-attack 2>/dev/null && echo ${BREACH}`,
    {
      control: (script) => ['bwrap', '--dev-bind', '/', '/', '--tmpfs', '/usr/share', 'bash', '-c', script],
    },
  ),
  scripted(
    'sysctl',
    'change a setting of the kernel',
    `echo 0 > /proc/sys/net/ipv4/ip_unprivileged_port_start 2>/dev/null && echo ${BREACH}`,
    {
      control: (script) => ['unshare', '-Urnmpf', '--mount-proc', 'bash', '-c', script],
    },
  ),
  scripted('sys', 'reach control groups and devices by /sys', `[ -e /sys/fs/cgroup ] && echo ${BREACH}`, {
    control: bash,
  }),
  scripted(
    'setuid',
    'gain rights by a setuid program',
    `(sleep 1.5 | su -c true root >/dev/null 2>&1) & sleep 0.5; for f in /proc/[0-9]*/status; do grep -q '^Name:.su$' $f 2>/dev/null && grep -qE '^Uid:\\s+[1-9][0-9]*\\s+0\\s' $f && echo ${BREACH}; done; wait`,
    {
      control: (script) =>
        isRoot
          ? ['setpriv', '--reuid', '54321', '--regid', '54321', '--clear-groups', 'bash', '-c', script]
          : bash(script),
    },
  ),
  scripted(
    'no-new-privileges',
    'keep the chance of new privileges and capabilities',
    `grep -qE '^(NoNewPrivs:\\s+0|Cap(Bnd|Prm|Eff|Inh|Amb):\\s+0*[1-9a-f])' /proc/self/status && echo ${BREACH}`,
    { control: bash },
  ),
  scripted('user-namespace', 'make a user namespace', `unshare -Ur true 2>/dev/null && echo ${BREACH}`, {
    control: bash,
  }),
  scripted(
    'nested-bwrap',
    'start a sandbox of its own with other mounts',
    `bwrap --ro-bind / / true 2>/dev/null && echo ${BREACH}`,
    { control: bash },
  ),
  scripted(
    'devices',
    'open the disks, memory or virtual machines of the host',
    `for d in /dev/mem /dev/kmsg /dev/kvm /dev/fuse /dev/loop0 /dev/vda /dev/sda /dev/nvme0n1 /dev/loop-control; do [ -e $d ] && echo ${BREACH}; done`,
    { control: bash },
  ),
  scripted('mknod', 'make a device', `mknod ./disk b 7 99 2>/dev/null && echo ${BREACH}; rm -f ./disk`, {
    control: bash,
    needsRoot: true,
  }),
  scripted(
    'foreign-calls',
    'call the kernel by its 32-bit interface',
    `/usr/bin/python3 -c '
import ctypes, mmap, os, platform
if platform.machine() != "x86_64": print("${BREACH}" if os.environ.get("CONTROL") else ""); raise SystemExit
m = mmap.mmap(-1, 4096, prot=7); m.write(bytes([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3]))
f = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(m)))
if f() == os.getpid(): print("${BREACH}")' 2>/dev/null`,
    { control: (script) => ['env', 'CONTROL=1', 'bash', '-c', script] },
  ),
  scripted(
    'type-into-terminal',
    'type into a terminal',
    `/usr/bin/python3 -c '
import fcntl, os, termios
m, s = os.openpty(); os.setsid(); fcntl.ioctl(s, termios.TIOCSCTTY, 0)
for request in (0x5412, 0x541c):
    try: fcntl.ioctl(s, request, b"x"); print("${BREACH}")
    except OSError as error:
        if error.errno not in (1, 38): print("${BREACH}")'`,
    { control: bash },
  ),
];
