/**
 * Remakes src/sandbox/syscalls-x64.ts and syscalls-arm64.ts from the kernel's headers (Debian: linux-libc-dev).
 * docs/reference/seccomp.md says when and how.
 *
 *   node scripts/syscall-tables.ts [include directory, /usr/include]
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/**
 * System calls that are newer than the headers of common distributions. From 403 on, the numbers are the same on every
 * architecture. The source is scripts/syscall.tbl of Linux 6.18.
 */
const NEWER: readonly (readonly [name: string, number: number])[] = [
  ['cachestat', 451],
  ['fchmodat2', 452],
  ['map_shadow_stack', 453],
  ['futex_wake', 454],
  ['futex_wait', 455],
  ['futex_requeue', 456],
  ['statmount', 457],
  ['listmount', 458],
  ['lsm_get_self_attr', 459],
  ['lsm_set_self_attr', 460],
  ['lsm_list_modules', 461],
  ['mseal', 462],
  ['setxattrat', 463],
  ['getxattrat', 464],
  ['listxattrat', 465],
  ['removexattrat', 466],
  ['open_tree_attr', 467],
  ['file_getattr', 468],
  ['file_setattr', 469],
];

/** What arch/arm64/include/uapi/asm/unistd.h defines before it includes the generic table. */
const ARM64_DEFINES = [
  '__ARCH_WANT_RENAMEAT',
  '__ARCH_WANT_NEW_STAT',
  '__ARCH_WANT_SET_GET_RLIMIT',
  '__ARCH_WANT_TIME32_SYSCALLS',
  '__ARCH_WANT_SYS_CLONE3',
  '__ARCH_WANT_MEMFD_SECRET',
] as const;

const TABLES = [
  { arch: 'x64', header: 'asm/unistd_64.h', defines: [] },
  { arch: 'arm64', header: 'asm-generic/unistd.h', defines: ARM64_DEFINES },
] as const;

for (const { arch, header, defines } of TABLES) {
  const table = new Map<string, number>([...read(header, defines), ...NEWER]);
  const lines = [...table].sort(([, a], [, b]) => a - b).map(([name, number]) => `  ${name}: ${number},`);
  const file = path.join(import.meta.dirname, '..', 'src', 'sandbox', `syscalls-${arch}.ts`);
  const comment = `/** System call numbers of Linux on ${arch}. Made by scripts/syscall-tables.ts; do not edit. */`;
  writeFileSync(
    file,
    `${comment}\nexport const SYSCALLS_${arch.toUpperCase()} = {\n${lines.join('\n')}\n} as const;\n`,
  );
  console.log(`${file}: ${table.size} system calls`);
}

/** Lets the C preprocessor evaluate the header, then each `__NR_` name. */
function read(header: string, defines: readonly string[]): [string, number][] {
  const include = process.argv[2] ?? '/usr/include';
  const flags = ['-E', '-x', 'c', '-I', include, ...defines.map((name) => `-D${name}`)];
  const input = (text: string) => `#include <${header}>\n${text}`;
  const defined = execFileSync('cc', [...flags, '-dM', '-'], { input: input(''), encoding: 'utf8' });
  const names = [...defined.matchAll(/^#define __NR_(\w+) /gm)].flatMap((match) => match[1] ?? []);
  const evaluated = execFileSync('cc', [...flags, '-P', '-'], {
    input: input(names.map((name) => `SALLYPORT ${JSON.stringify(name)} __NR_${name}`).join('\n')),
    encoding: 'utf8',
  });
  return [...evaluated.matchAll(/^SALLYPORT "(\w+)" (.+)$/gm)].flatMap(([, name, value]) => {
    const number = Number(value?.replaceAll(/[()\s]/g, ''));
    return name === undefined || !Number.isInteger(number) || name === 'syscalls' || name === 'arch_specific_syscall'
      ? []
      : [[name, number] satisfies [string, number]];
  });
}
