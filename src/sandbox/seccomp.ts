import { assert } from '../base/index.ts';
import { fault } from './faults.ts';
import {
  ALLOWED,
  CLONE_NAMESPACES,
  FAMILY,
  FOR_USER_NAMESPACES,
  PERSONALITIES,
  PROTOCOL,
  REFUSED,
  REFUSED_IOCTLS,
  SOCKET_TYPE,
  SOCKET_TYPE_MASK,
} from './seccomp-policy.ts';
import { SYSCALLS_ARM64 } from './syscalls-arm64.ts';
import { SYSCALLS_SHARED } from './syscalls-shared.ts';
import { SYSCALLS_X64 } from './syscalls-x64.ts';

export type SeccompArch = 'x64' | 'arm64';
export type SeccompOptions = { readonly allowUserNamespaces?: boolean; readonly allowRawIcmp?: boolean };

/** One instruction of classic BPF: code, jump when true, jump when false, constant. */
type Instruction = readonly [code: number, yes: number, no: number, k: number];
/** Instructions that end in a verdict on every path. */
type Fragment = readonly Instruction[];

/** Values of `struct seccomp_data.arch`, linux/audit.h. */
const AUDIT_ARCH = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;
const TABLES: { readonly [arch in SeccompArch]: { readonly [name: string]: number } } = {
  x64: { ...SYSCALLS_X64, ...SYSCALLS_SHARED },
  arm64: { ...SYSCALLS_ARM64, ...SYSCALLS_SHARED },
};
/** The kernel refuses longer programs. */
const INSTRUCTIONS_MAX = 4096;
const INSTRUCTION_BYTES = 8;
const JUMP_MAX = 255;
/** Numbers from here on are x32 calls on x86-64: the same kernel code by another door. */
const X32_FIRST = 0x4000_0000;

const EPERM = 1;
const ENOSYS = 38;
const EPROTONOSUPPORT = 93;
const EAFNOSUPPORT = 97;

/** Offsets in `struct seccomp_data`: number, architecture, instruction pointer, six 64-bit arguments, little-endian. */
const OFFSET = { number: 0, arch: 4 } as const;
const low = (argument: number): number => 16 + 8 * argument;

const load = (offset: number): Instruction => [0x20, 0, 0, offset];
const and = (mask: number): Instruction => [0x54, 0, 0, mask];
const ifEqual = (k: number, yes: number, no: number): Instruction => [0x15, yes, no, k];
const ifAtLeast = (k: number, yes: number, no: number): Instruction => [0x35, yes, no, k];
const ifAnyBit = (k: number, yes: number, no: number): Instruction => [0x45, yes, no, k];
const jump = (count: number): Instruction => [0x05, 0, 0, count];
const verdict = (value: number): Instruction => [0x06, 0, 0, value];
const allow = verdict(0x7fff_0000);
const kill = verdict(0x8000_0000);
const refuse = (errno: number): Instruction => verdict(0x0005_0000 | errno);

const cache = new Map<string, Uint8Array>();

/**
 * The system call filter as bytes for `bwrap --seccomp`: an array of `struct sock_filter`. A call of a foreign
 * architecture kills the process, since its numbers mean other calls.
 */
export function seccompFilter(arch: SeccompArch, options: SeccompOptions = {}): Uint8Array {
  const key = `${arch} ${options.allowUserNamespaces === true} ${options.allowRawIcmp === true}`;
  const cached = cache.get(key);
  if (cached !== undefined) return cached;
  const filter = encode(program(arch, options));
  cache.set(key, filter);
  return filter;
}

/** The architecture of this machine as the filter knows it; another one is a missing wall. */
export function seccompArch(arch: string): SeccompArch {
  if (arch === 'x64' || arch === 'arm64') return arch;
  throw fault('wall-missing', `seccomp: there is no system call table for ${arch}; x64 and arm64 machines have one`);
}

function program(arch: SeccompArch, options: SeccompOptions): Fragment {
  const table = TABLES[arch];
  const fragments = new Map<number, Fragment>();
  const set = (name: string, fragment: Fragment) => {
    const number = table[name];
    if (number !== undefined) fragments.set(number, fragment);
  };
  for (const name of ALLOWED) set(name, [allow]);
  for (const name of REFUSED) set(name, [refuse(EPERM)]);
  set('clone', [load(low(0)), ifAnyBit(CLONE_NAMESPACES, 0, 1), refuse(EPERM), allow]);
  set('socket', socketFragment(options.allowRawIcmp === true));
  set('socketpair', [load(low(0)), ifEqual(FAMILY.unix, 0, 1), allow, refuse(EAFNOSUPPORT)]);
  set('ioctl', [load(low(1)), ...refuseAny(REFUSED_IOCTLS)]);
  set('personality', [load(low(0)), ...allowAny(PERSONALITIES)]);
  if (options.allowUserNamespaces === true) for (const name of [...FOR_USER_NAMESPACES, 'clone']) set(name, [allow]);
  return [
    load(OFFSET.arch),
    ifEqual(AUDIT_ARCH[arch], 1, 0),
    kill,
    load(OFFSET.number),
    ...(arch === 'x64' ? [ifAtLeast(X32_FIRST, 0, 1), refuse(ENOSYS)] : []),
    ...searchTree(fragments),
  ];
}

/**
 * Unix sockets of any kind; internet sockets that are TCP or UDP; netlink for routes. Refused with the errors that
 * programs expect where a kernel lacks a protocol, so that they take TCP instead (Go with MPTCP, for one).
 */
function socketFragment(rawIcmp: boolean): Fragment {
  const icmp = [PROTOCOL.icmp, PROTOCOL.icmp6];
  const stream = [load(low(2)), ...allowAny([PROTOCOL.any, PROTOCOL.tcp], EPROTONOSUPPORT)];
  const datagram = [load(low(2)), ...allowAny([PROTOCOL.any, PROTOCOL.udp, ...(rawIcmp ? icmp : [])])];
  const raw = rawIcmp ? [load(low(2)), ...allowAny(icmp)] : [refuse(EPERM)];
  // Only these three kinds: an internet socket of kind 10 is a packet socket by an old name.
  const internet = [
    load(low(1)),
    and(SOCKET_TYPE_MASK),
    ...select([
      [SOCKET_TYPE.stream, stream],
      [SOCKET_TYPE.datagram, datagram],
      [SOCKET_TYPE.raw, raw],
    ]),
    refuse(EPERM),
  ];
  const netlink = [load(low(2)), ...allowAny([PROTOCOL.any])];
  return [
    load(low(0)),
    ...select([
      [FAMILY.unix, [allow]],
      [FAMILY.inet, internet],
      [FAMILY.inet6, internet],
      [FAMILY.netlink, netlink],
    ]),
    refuse(EAFNOSUPPORT),
  ];
}

/** For each value the fragment that follows when the accumulator equals it; what equals none falls through. */
function select(cases: readonly (readonly [value: number, fragment: Fragment])[]): Instruction[] {
  return cases.flatMap(([value, fragment]) => {
    assert(fragment.length <= JUMP_MAX, 'a fragment of the filter is too long for a jump');
    return [ifEqual(value, 0, fragment.length), ...fragment];
  });
}

function allowAny(values: readonly number[], errno = EPERM): Instruction[] {
  return [...select(values.map((value) => [value, [allow]])), refuse(errno)];
}

function refuseAny(values: readonly number[]): Instruction[] {
  return [...select(values.map((value) => [value, [refuse(EPERM)]])), allow];
}

/** A balanced search over the ranges of numbers with the same verdict: some nine comparisons a call. */
function searchTree(fragments: ReadonlyMap<number, Fragment>): Fragment {
  const last = Math.max(...fragments.keys());
  const unknown: Fragment = [refuse(ENOSYS)];
  const ranges: { readonly first: number; readonly fragment: Fragment }[] = [];
  for (let number = 0; number <= last + 1; number += 1) {
    const fragment = fragments.get(number) ?? unknown;
    const previous = ranges.at(-1)?.fragment;
    if (previous === undefined || !isSameVerdict(previous, fragment)) ranges.push({ first: number, fragment });
  }
  const tree = (from: number, to: number): Fragment => {
    const only = ranges[from];
    if (from === to && only !== undefined) return only.fragment;
    const middle = (from + to + 1) >> 1;
    const below = tree(from, middle - 1);
    const above = tree(middle, to);
    const first = ranges[middle]?.first ?? 0;
    return below.length <= JUMP_MAX
      ? [ifAtLeast(first, below.length, 0), ...below, ...above]
      : [ifAtLeast(first, 0, 1), jump(below.length), ...below, ...above];
  };
  return tree(0, ranges.length - 1);
}

function isSameVerdict(a: Fragment, b: Fragment): boolean {
  return a.length === 1 && b.length === 1 && a[0]?.[3] === b[0]?.[3];
}

function encode(instructions: Fragment): Uint8Array {
  assert(instructions.length <= INSTRUCTIONS_MAX, `the filter has ${instructions.length} instructions`);
  const bytes = new DataView(new ArrayBuffer(instructions.length * INSTRUCTION_BYTES));
  instructions.forEach(([code, yes, no, k], index) => {
    const at = index * INSTRUCTION_BYTES;
    bytes.setUint16(at, code, true);
    bytes.setUint8(at + 2, yes);
    bytes.setUint8(at + 3, no);
    bytes.setUint32(at + 4, k, true);
  });
  return new Uint8Array(bytes.buffer);
}
