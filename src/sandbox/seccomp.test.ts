import { describe, expect, test } from 'vitest';
import { isFault } from '../base/index.ts';
import { type SeccompArch, seccompArch, seccompFilter, type SeccompOptions } from './seccomp.ts';
import { ALLOWED, FOR_USER_NAMESPACES, REFUSED } from './seccomp-policy.ts';
import { SYSCALLS_ARM64 } from './syscalls-arm64.ts';
import { SYSCALLS_SHARED } from './syscalls-shared.ts';
import { SYSCALLS_X64 } from './syscalls-x64.ts';

const TABLES: { readonly [arch in SeccompArch]: { readonly [name: string]: number } } = {
  x64: { ...SYSCALLS_X64, ...SYSCALLS_SHARED },
  arm64: { ...SYSCALLS_ARM64, ...SYSCALLS_SHARED },
};
const AUDIT = { x64: 0xc000003e, arm64: 0xc00000b7, i386: 0x40000003, arm: 0x40000028 } as const;
const ARCHES = ['x64', 'arm64'] as const;

/** What the kernel does with the filter: linux/filter.h, the codes that seccomp accepts and we emit. */
function interpret(filter: Uint8Array, call: { arch: number; number: number; args?: readonly number[] }): string {
  const program = new DataView(filter.buffer, filter.byteOffset, filter.byteLength);
  const data = new DataView(new ArrayBuffer(64));
  data.setUint32(0, call.number, true);
  data.setUint32(4, call.arch, true);
  (call.args ?? []).forEach((value, index) =>
    data.setBigUint64(16 + 8 * index, BigInt.asUintN(64, BigInt(value)), true),
  );
  let accumulator = 0;
  for (let at = 0, steps = 0; steps < 5000; at += 1, steps += 1) {
    const [code, yes, no] = [
      program.getUint16(at * 8, true),
      program.getUint8(at * 8 + 2),
      program.getUint8(at * 8 + 3),
    ];
    const k = program.getUint32(at * 8 + 4, true);
    if (code === 0x20) accumulator = data.getUint32(k, true);
    else if (code === 0x54) accumulator = (accumulator & k) >>> 0;
    else if (code === 0x15) at += accumulator === k ? yes : no;
    else if (code === 0x35) at += accumulator >= k ? yes : no;
    else if (code === 0x45) at += (accumulator & k) !== 0 ? yes : no;
    else if (code === 0x05) at += k;
    else if (code === 0x06) return k === 0x7fff0000 ? 'allow' : k === 0x80000000 ? 'kill' : `errno ${k & 0xffff}`;
    else throw new Error(`instruction ${code.toString(16)}`);
  }
  throw new Error('endless');
}

function verdict(arch: SeccompArch, name: string, args: readonly number[] = [], options: SeccompOptions = {}): string {
  const number = TABLES[arch][name];
  if (number === undefined) throw new Error(`${arch} has no ${name}`);
  return interpret(seccompFilter(arch, options), { arch: AUDIT[arch], number, args });
}

describe.each(ARCHES)('the filter for %s', (arch) => {
  const complex = new Set(['clone', 'socket', 'socketpair', 'ioctl', 'personality']);

  test('gives every call of its table the verdict of the policy', () => {
    for (const name of Object.keys(TABLES[arch])) {
      if (complex.has(name)) continue;
      const wanted = ALLOWED.includes(name) ? 'allow' : REFUSED.includes(name) ? 'errno 1' : 'errno 38';

      expect(`${name} ${verdict(arch, name)}`).toBe(`${name} ${wanted}`);
    }
  });

  test('answers ENOSYS to every number that no table has: gaps, calls of kernels to come, negative ones', () => {
    const known = new Set(Object.values(TABLES[arch]));
    const filter = seccompFilter(arch, { allowUserNamespaces: true, allowRawIcmp: true });
    const far = [0x3fffffff, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff];
    const unknown = [...Array.from({ length: 2_000 }, (_, number) => number), ...far].filter((n) => !known.has(n));

    const verdicts = unknown.map((number) => interpret(filter, { arch: AUDIT[arch], number }));

    expect(unknown.length).toBeGreaterThan(1_500);
    expect(new Set(verdicts)).toEqual(new Set(['errno 38']));
  });

  test('has each call of its table under a number of its own', () => {
    const numbers = Object.values(TABLES[arch]);

    expect(new Set(numbers).size).toBe(numbers.length);
    expect(Math.max(...numbers)).toBe(471);
  });

  test('kills a process that calls by another architecture', () => {
    for (const other of Object.values(AUDIT).filter((value) => value !== AUDIT[arch])) {
      expect(interpret(seccompFilter(arch), { arch: other, number: 20 })).toBe('kill');
    }
  });

  test('lets clone make threads and processes, not namespaces', () => {
    expect(verdict(arch, 'clone', [0x3d0f00])).toBe('allow');
    expect(verdict(arch, 'clone', [17])).toBe('allow');
    for (const flag of [0x80, 0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000]) {
      expect(verdict(arch, 'clone', [flag | 17])).toBe('errno 1');
    }
    expect(verdict(arch, 'clone3')).toBe('errno 38');
  });

  test('opens only ordinary sockets', () => {
    const CLOEXEC = 0x80000;
    expect(verdict(arch, 'socket', [1, 1 | CLOEXEC, 0])).toBe('allow');
    expect(verdict(arch, 'socket', [2, 1 | CLOEXEC, 6])).toBe('allow');
    expect(verdict(arch, 'socket', [10, 2, 0])).toBe('allow');
    expect(verdict(arch, 'socket', [16, 3, 0])).toBe('allow');
    expect(verdict(arch, 'socket', [16, 3, 12])).toBe('errno 1');
    expect(verdict(arch, 'socket', [2, 3, 1])).toBe('errno 1');
    expect(verdict(arch, 'socket', [2, 10, 3])).toBe('errno 1');
    expect(verdict(arch, 'socket', [2, 1, 262])).toBe('errno 93');
    for (const family of [17, 38, 40, 44, 30, 15]) expect(verdict(arch, 'socket', [family, 1, 0])).toBe('errno 97');
    expect(verdict(arch, 'socketpair', [1, 1, 0])).toBe('allow');
    expect(verdict(arch, 'socketpair', [30, 1, 0])).toBe('errno 97');
  });

  test('refuses terminal requests by their low 32 bits', () => {
    expect(verdict(arch, 'ioctl', [0, 0x5413])).toBe('allow');
    for (const request of [0x5412, 0x541c, 0x5423, 0x1_0000_5412]) {
      expect(verdict(arch, 'ioctl', [0, request])).toBe('errno 1');
    }
  });

  test('allows ordinary personalities only', () => {
    for (const persona of [0, 8, 0x40000, 0xffffffff]) expect(verdict(arch, 'personality', [persona])).toBe('allow');
    expect(verdict(arch, 'personality', [0x400000])).toBe('errno 1');
  });

  test('opens what a nested sandbox needs only when asked', () => {
    for (const name of [...FOR_USER_NAMESPACES, 'clone']) {
      expect(verdict(arch, name, [0x10000000], { allowUserNamespaces: true })).toBe('allow');
      expect(verdict(arch, name, [0x10000000])).toBe('errno 1');
    }
    expect(verdict(arch, 'keyctl', [], { allowUserNamespaces: true })).toBe('errno 1');
  });

  test('opens raw ICMP sockets only when asked, and no other raw ones', () => {
    expect(verdict(arch, 'socket', [2, 3, 1], { allowRawIcmp: true })).toBe('allow');
    expect(verdict(arch, 'socket', [10, 2, 58], { allowRawIcmp: true })).toBe('allow');
    expect(verdict(arch, 'socket', [2, 3, 255], { allowRawIcmp: true })).toBe('errno 1');
  });
});

test('x32 calls, another door to the same kernel code, answer ENOSYS', () => {
  expect(interpret(seccompFilter('x64'), { arch: AUDIT.x64, number: 0x40000000 + 39 })).toBe('errno 38');
});

test('the policy names no call twice and none that no architecture has', () => {
  const names = [...ALLOWED, ...REFUSED];

  expect(new Set(names).size).toBe(names.length);
  expect(names.filter((name) => TABLES.x64[name] === undefined && TABLES.arm64[name] === undefined)).toEqual([]);
});

test('a machine without a table is a missing wall', () => {
  expect(() => seccompArch('riscv64')).toThrow(expect.objectContaining({ code: 'sandbox/wall-missing' }));
  expect(isFault(undefined)).toBe(false);
});
