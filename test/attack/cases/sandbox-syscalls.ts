import type { Attack } from '../attack.ts';
import { BREACH, bash, cut, DONE, hasLine, inProduct, onHost, withCapabilities } from '../arena.ts';

type Call = {
  readonly id: string;
  readonly title: string;
  /** Python that leaves the result and errno of the call in `r` and `e`; `call(x64, arm64, ...)` is there. */
  readonly code: string;
  /** Where the kernel lets the call pass when no filter is there. */
  readonly where: 'host' | 'capable';
  readonly needsRoot?: boolean;
};

/** The kernel's own refusal of a call that a filter stops: EPERM, ENOSYS, EAFNOSUPPORT, EPROTONOSUPPORT. */
const PRELUDE = `
import ctypes, errno, os, socket, struct, fcntl, sys
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def call(x64, arm64, *args):
    ctypes.set_errno(0)
    r = libc.syscall(ctypes.c_long(arm64 if os.uname().machine == 'aarch64' else x64), *args)
    return r, ctypes.get_errno()
def sock(*args):
    try:
        socket.socket(*args).close(); return 0, 0
    except OSError as error:
        return -1, error.errno
`;
const EPILOGUE = `
if r >= 0 or e not in (errno.EPERM, errno.ENOSYS, errno.EAFNOSUPPORT, errno.EPROTONOSUPPORT): print('${BREACH}')
print('${DONE}', r, e)
`;

const CALLS: readonly Call[] = [
  {
    id: 'keyring',
    title: 'use the kernel keyring, which namespaces do not divide',
    code: 'r, e = call(250, 219, 0, -3, 1)',
    where: 'host',
  },
  {
    id: 'add-key',
    title: 'store a key in the kernel',
    code: "r, e = call(248, 217, b'user', b'sallyport', b'x', 1, -1)",
    where: 'host',
  },
  {
    id: 'io-uring',
    title: 'set up io_uring, which passes system call filters by',
    code: 'r, e = call(425, 425, 1, None)',
    where: 'host',
  },
  {
    id: 'bpf',
    title: 'load a program into the kernel',
    code: 'r, e = call(321, 280, 5, None, 0)',
    where: 'host',
    needsRoot: true,
  },
  {
    id: 'perf',
    title: 'open a performance counter of the machine',
    code: 'r, e = call(298, 241, None, 0, -1, -1, 0)',
    where: 'host',
  },
  {
    id: 'userfaultfd',
    title: 'handle page faults, the helper of many kernel exploits',
    code: 'r, e = call(323, 282, 1)',
    where: 'host',
  },
  {
    id: 'handle',
    title: 'open a file by its handle (shocker)',
    code: 'r, e = call(304, 265, -100, None, 0)',
    where: 'host',
    needsRoot: true,
  },
  {
    id: 'dmesg',
    title: 'read the log of the kernel',
    code: 'b = ctypes.create_string_buffer(64); r, e = call(103, 116, 3, b, 64)',
    where: 'host',
    needsRoot: true,
  },
  {
    id: 'set-time',
    title: 'set the clock of the machine',
    code: 'r, e = call(164, 170, None, None)',
    where: 'host',
    needsRoot: true,
  },
  { id: 'chroot', title: 'change the root folder', code: "r, e = call(161, 51, b'/')", where: 'capable' },
  {
    id: 'hostname',
    title: 'change the name of the machine',
    code: "r, e = call(170, 161, b'evil', 4)",
    where: 'capable',
  },
  {
    id: 'setns',
    title: 'enter a namespace',
    code: "f = os.open('/proc/self/ns/uts', os.O_RDONLY); r, e = call(308, 268, f, 0)",
    where: 'capable',
  },
  {
    id: 'clone-user',
    title: 'make a user namespace by clone',
    code: 'r, e = call(56, 220, 0x10000011, None, None, None, None)\nif r == 0: os._exit(0)',
    where: 'host',
  },
  { id: 'unshare-mount', title: 'make a mount namespace', code: 'r, e = call(272, 97, 0x20000)', where: 'capable' },
  {
    id: 'new-mount-api',
    title: 'mount by the new interface',
    code: "r, e = call(430, 430, b'tmpfs', 0)",
    where: 'capable',
  },
  { id: 'vsock', title: 'open a socket to the hypervisor', code: 'r, e = sock(40, socket.SOCK_STREAM)', where: 'host' },
  {
    id: 'raw-socket',
    title: 'open a raw socket',
    code: 'r, e = sock(socket.AF_INET, socket.SOCK_RAW, 1)',
    where: 'capable',
  },
  { id: 'packet-socket', title: 'open a packet socket', code: 'r, e = sock(17, socket.SOCK_RAW, 0)', where: 'capable' },
  {
    id: 'netlink-netfilter',
    title: 'reach netfilter by netlink',
    code: 'r, e = sock(16, socket.SOCK_RAW, 12)',
    where: 'host',
  },
  {
    id: 'terminal',
    title: 'load a line discipline into a terminal',
    code: "m, s = os.openpty()\ntry:\n    fcntl.ioctl(s, 0x5423, struct.pack('i', 0)); r, e = 0, 0\nexcept OSError as error: r, e = -1, error.errno",
    where: 'host',
  },
  {
    id: 'write-memory',
    title: 'write into the memory of another process',
    code: 'r, e = call(311, 271, os.getpid(), None, 0, None, 0, 0)',
    where: 'host',
  },
];

export const attacks: Attack[] = CALLS.map((one) => {
  const script = `/usr/bin/python3 - <<'PYTHON'\n${PRELUDE}${one.code}\n${EPILOGUE}PYTHON`;
  return {
    id: `sandbox-call-${one.id}`,
    title: one.title,
    controls: ['K3'],
    ...(one.needsRoot === undefined ? {} : { needsRoot: one.needsRoot }),
    product: async () => {
      const ran = await inProduct(script);
      return { refused: hasLine(ran, DONE) && !hasLine(ran, BREACH), detail: cut(ran) };
    },
    control: async () => {
      const ran = await onHost(one.where === 'host' ? bash(script) : withCapabilities(script));
      return { succeeded: hasLine(ran, BREACH), detail: cut(ran) };
    },
  };
});
