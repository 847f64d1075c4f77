/**
 * Remakes src/sandbox/syscalls-{shared,x64,arm64}.ts from the tables of the Go module golang.org/x/sys, which are made from
 * the kernel's own headers. docs/reference/seccomp.md says when and how.
 *
 *   node scripts/syscall-tables.ts DIR      # the folder of the module
 */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** From here on a new system call gets the same number on every architecture. Source: Linux, scripts/syscall.tbl. */
const SHARED_FIRST = 424;
/** No call: where numbers of single architectures begin. */
const NO_CALL = 'arch_specific_syscall';

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new TypeError('usage: node scripts/syscall-tables.ts DIR');
const x64 = read(folder, 'zsysnum_linux_amd64.go');
const arm64 = read(folder, 'zsysnum_linux_arm64.go');
const shared = x64.filter(isShared);
if (JSON.stringify(shared) !== JSON.stringify(arm64.filter(isShared))) {
  throw new TypeError(`the numbers from ${SHARED_FIRST} on are not the same on both architectures`);
}
write('shared', `every architecture, from ${SHARED_FIRST} on`, shared);
for (const [arch, table] of [
  ['x64', x64],
  ['arm64', arm64],
] as const) {
  write(
    arch,
    `${arch}, below ${SHARED_FIRST}`,
    table.filter((call) => !isShared(call)),
  );
}

type Call = readonly [name: string, number: number];

function isShared([, number]: Call): boolean {
  return number >= SHARED_FIRST;
}

function read(from: string, file: string): readonly Call[] {
  const text = readFileSync(path.join(from, 'unix', file), 'utf8');
  const calls = [...text.matchAll(/^\tSYS_(\w+)\s+= (\d+)$/gm)].map(
    ([, name = '', number]): Call => [name.toLowerCase(), Number(number)],
  );
  return calls.filter(([name]) => name !== NO_CALL).sort(([, a], [, b]) => a - b);
}

function write(name: string, what: string, table: readonly Call[]): void {
  const file = path.join(import.meta.dirname, '..', 'src', 'sandbox', `syscalls-${name}.ts`);
  const comment = `/** System call numbers of Linux on ${what}. Made by scripts/syscall-tables.ts; do not edit. */`;
  const lines = table.map(([call, number]) => `  ${call}: ${number},\n`).join('');
  writeFileSync(file, `${comment}\nexport const SYSCALLS_${name.toUpperCase()} = {\n${lines}} as const;\n`);
  console.log(`${file}: ${table.length} system calls`);
}
