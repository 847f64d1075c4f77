import { describe, expect, test } from 'vitest';
import { partsOf } from '../../test/support/hostile-script.ts';
import { checkScript, hoistScript, type ShellKind } from './hoist.ts';

const V = 'SALLYPORT_DATA_1';

function scriptOf(script: string, shell: ShellKind, value = 'text'): string {
  const result = hoistScript(partsOf(script, value), shell);
  return result.ok ? result.script : `refused: ${result.refusals[0]?.reason}`;
}

describe('a part becomes quoted data where it stands', () => {
  test.each([
    ['echo ${{ x }}', `echo "\${${V}}"`],
    ['echo "a ${{ x }} b"', `echo "a \${${V}} b"`],
    ["echo 'a ${{ x }} b'", `echo 'a '"\${${V}}"' b'`],
    ['T=${{ x }}', `T="\${${V}}"`],
    ['echo a${{ x }}b', `echo a"\${${V}}"b`],
    ['cat <<EOF\n"${{ x }}"\nEOF', `cat <<EOF\n"\${${V}}"\nEOF`],
    ['# ${{ x }}\necho', `# \${${V}}\necho`],
    ['echo "$(echo "${{ x }}")"', `echo "$(echo "\${${V}}")"`],
    ['echo ${T:-${{ x }}}', `echo \${T:-"\${${V}}"}`],
    ['echo "${T:-${{ x }}}"', `echo "\${T:-\${${V}}}"`],
    ['case ${{ x }} in a) ;; esac', `case "\${${V}}" in a) ;; esac`],
    ['x=$(cat <<EOF\n${{ x }}\nEOF\n)', `x=$(cat <<EOF\n\${${V}}\nEOF\n)`],
  ])('bash: %j', (script, wanted) => {
    expect(scriptOf(script, 'bash')).toBe(wanted);
  });

  test.each([
    ["print('a ${{ x }}')", `print(('a ' + __import__("os").environ["${V}"] + ''))`],
    ['print(${{ x }})', `print((__import__("os").environ["${V}"]))`],
    ['print(f"${{ x }}")', `print(f"{__import__('os').environ['${V}']}")`],
    ["print(b'${{ x }}')", `print((b'' + __import__("os").environb[b"${V}"] + b''))`],
    ['t = """a"${{ x }}"""', `t = ("""a\\"""" + __import__("os").environ["${V}"] + """""")`],
  ])('python: %j', (script, wanted) => {
    expect(scriptOf(script, 'python')).toBe(wanted);
  });

  test.each([
    ["f('a ${{ x }}')", `f(('a ' + process.env["${V}"] + ''))`],
    ['f(`a ${{ x }}`)', `f(\`a \${process.env["${V}"]}\`)`],
    ['const t = ${{ x }};', `const t = (process.env["${V}"]);`],
    ['const t = ${{ toJSON(x) }};', `const t = (JSON.parse(process.env["${V}"]));`],
    ['// ${{ x }}', `// ${V}`],
  ])('javascript: %j', (script, wanted) => {
    expect(scriptOf(script, 'javascript')).toBe(wanted);
  });

  test.each([
    ['Write-Host "a ${{ x }}"', `Write-Host "a \${env:${V}}"`],
    ["Write-Host 'it''s $5 ${{ x }}'", `Write-Host "it's \`$5 \${env:${V}}"`],
    ['$t = ${{ x }}', `$t = "\${env:${V}}"`],
    ["$t = @'\n$a ${{ x }}\n'@", `$t = @"\n\`$a \${env:${V}}\n"@`],
  ])('pwsh: %j', (script, wanted) => {
    expect(scriptOf(script, 'pwsh')).toBe(wanted);
  });
});

const REFUSED_IN_SHELLS = [
  'eval "echo ${{ x }}"',
  'bash -c "echo ${{ x }}"',
  "sh -c 'echo ${{ x }}'",
  'echo $(( ${{ x }} ))',
  '[[ ${{ x }} -gt 1 ]]',
  '[[ 1 -lt "${{ x }}" ]]',
  'T="${{ x }}"\neval "echo $T"',
  'T=${{ x }}; [[ $T -eq 1 ]] || true',
  'T="${{ x }}"\necho $((T))',
  '${{ x }}',
  '${{ x }} foo',
  'foo${{ x }}=1',
  'echo `echo ${{ x }}`',
  "cat <<'EOF'\n${{ x }}\nEOF",
  'cat <<\\EOF\n${{ x }}\nEOF',
  'bash <<EOF\necho ${{ x }}\nEOF',
  'echo "${{ x }}" | bash',
  'echo "${{ x }}" | sudo -n sh',
  'echo "${{ x }}" | { cat; bash; }',
  'f() { bash; }\necho "${{ x }}" | f',
  'echo $${{ x }}',
  'echo ${${{ x }}}',
  'echo \\${{ x }}',
  'echo "\\${{ x }}"',
  'printf "${{ x }}"',
  'find . -exec sh -c "echo ${{ x }}" \\;',
  'env ${{ x }}=1 ls',
  'env LD_PRELOAD=${{ x }} ls',
  'env -S "${{ x }}"',
  'sudo ${{ x }}',
  'awk "{print ${{ x }}}"',
  'sed -i "s/a/${{ x }}/" f',
  'ssh host "echo ${{ x }}"',
  'docker run img sh -c "echo ${{ x }}"',
  'trap "echo ${{ x }}" EXIT',
  'alias x="${{ x }}"',
  '[ ${{ x }} ${{ x }} ]',
  'f() { eval "$1"; }\nf "${{ x }}"',
  'set -- "${{ x }}"\neval "$1"',
  'echo "echo ${{ x }}" > s.sh\nbash s.sh',
  'cat > s.sh <<EOF\necho ${{ x }}\nEOF\nchmod +x s.sh\n./s.sh',
  'PATH=${{ x }}:$PATH',
  'echo "${{ x }}" | while read l; do eval "$l"; done',
  'echo > ${{ x }}',
  'make T="${{ x }}"',
  'unset "${{ x }}"',
  'exit ${{ x }}',
  'python -c "print(\'${{ x }}\')"',
  'node -e "${{ x }}"',
  'CMD=eval\n$CMD "echo ${{ x }}"',
  'timeout 5 bash -c "${{ x }}"',
  'echo "$(bash -c "echo ${{ x }}")"',
  'command eval "${{ x }}"',
  '{ eval ${{ x }}; }',
  '(eval ${{ x }})',
  'if eval "${{ x }}"; then :; fi',
  'for c in ${{ x }}; do $c; done',
  'S="${{ x }}"; T=$S; U="a $T"; eval $U',
  'python3 <<EOF\nprint("${{ x }}")\nEOF',
  '$SHELL -c "${{ x }}"',
  'export $(echo "${{ x }}" | xargs)',
  'git rebase --exec "${{ x }}"',
  'echo "${{ x }}" >> $GITHUB_PATH',
  'echo "${{ x }}=1" >> "$GITHUB_ENV"',
  'echo "not closed ${{ x }}',
  'cat <<EOF\n${{ x }}',
];
const REFUSED_IN_BASH = [
  'cat <<EOF | sh\necho ${{ x }}\nEOF',
  'export T="${{ x }}"\nbash -c \'eval $T\'',
  'export T="${{ x }}"\npython3 -c "import os; os.system(os.environ[\'T\'])"',
  'export T="${{ x }}"\npython3 <<E\nimport os\nos.system(os.environ["T"])\nE',
  'T="${{ x }}" bash -c \'eval "$T"\'',
  'env T="${{ x }}" sh -c \'eval "$T"\'',
  'exec 3<<< "${{ x }}"; bash <&3',
  'exec < <(echo "${{ x }}"); bash',
  'f() { echo "${{ x }}"; }\nf | bash',
  'f() { echo "${{ x }}"; }\neval "$(f)"',
  'f() { echo "${{ x }}"; }\nX=$(f)\neval "$X"',
  'echo "${{ x }}" | xargs rm',
  'echo "${{ x }}" >> ~/.bashrc',
  'sudo -u nobody "${{ x }}"',
  'alias e=eval\ne "${{ x }}"',
  'readarray -t a < <(echo "${{ x }}"); "${a[@]}"',
  'for ((i=0; i<${{ x }}; i++)); do :; done',
  'args=("-c" "${{ x }}"); bash "${args[@]}"',
  'f() { local t="$1"; g "$t"; }\ng() { eval "$1"; }\nf "${{ x }}"',
  'PS4="${{ x }}" bash -x s.sh',
  'echo "${{ x }}" > a; mv a b; sh b',
  'echo "${{ x }}" > a; eval "$(<a)"',
  'if true; then echo "${{ x }}"; fi | bash',
  '\'ev\'al "${{ x }}"',
  'ev\\\nal "${{ x }}"',
  'declare -n r=${{ x }}; echo $r',
  'cat <<EOF\n$(bash -c "${{ x }}")\nEOF',
  'git -c core.pager="${{ x }}" log',
  'GIT_SSH_COMMAND="${{ x }}" git fetch',
  "echo $'${{ x }}'",
  'arr[${{ x }}]=1',
  'echo ${arr[${{ x }}]}',
  'echo ${x:${{ x }}:1}',
  'declare -i n=${{ x }}',
  'declare -a a="${{ x }}"',
  'a=(); declare a="${{ x }}"',
  'local "${{ x }}=1"',
  'let "a=${{ x }}"',
  'source <(echo "${{ x }}")',
  'bash <(echo ${{ x }})',
  'bash <<< "${{ x }}"',
  'echo "${{ x }}" > >(bash)',
  'echo "${{ x }}" | tee >(sh)',
  'X="${{ x }}"\necho ${!X}',
  'X="${{ x }}"; echo ${X@P}',
  'mapfile -t L <<< "${{ x }}"\neval "${L[0]}"',
  'a="${{ x }}"; test $a = b',
  'shopt -s extglob\necho !(${{ x }})',
  'printf -v "${{ x }}" a',
];

describe('a part that something would evaluate is refused', () => {
  const cases = (['bash', 'sh', 'dash', 'zsh'] as const).flatMap((shell) => {
    const scripts = shell === 'bash' ? [...REFUSED_IN_SHELLS, ...REFUSED_IN_BASH] : REFUSED_IN_SHELLS;
    return scripts.map((script) => [shell, script] as const);
  });
  test.each(cases)('%s: %j', (shell, script) => {
    const parts = partsOf(script, 'harmless');

    expect(hoistScript(parts, shell).ok).toBe(false);
    expect(checkScript(parts, shell)).not.toEqual([]);
  });

  test.each([
    "import os\nos.system('echo ${{ x }}')",
    "import subprocess as s\ns.run('echo ${{ x }}', shell=True)",
    "from os import popen\nt='${{ x }}'\npopen(t)",
    "eval('${{ x }}')",
    "print(f'{${{ x }}}')",
    "print('\\${{ x }}')",
    'print${{ x }}',
    "'a' '${{ x }}'",
    "'${{ x }} {}'.format(1)",
    'x = a.${{ x }}',
    "print(r'''a'${{ x }}''')",
  ])('python: %j', (script) => {
    expect(hoistScript(partsOf(script, 'harmless'), 'python').ok).toBe(false);
  });

  test.each([
    "eval('${{ x }}')",
    "new Function('${{ x }}')()",
    "require('child_process').execSync('echo ${{ x }}')",
    "await exec.exec('echo ${{ x }}')",
    "/${{ x }}/.test('a')",
    '`\\${{ x }}`',
    'a[${{ x }}]()',
    "a['${{ x }}']()",
    'String.raw`${{ x }}`',
    "require('${{ x }}')",
    'f\n${{ x }}',
    "({'${{ x }}': 1})",
    "[]['constructor']['constructor']('${{ x }}')()",
    "if (a) /'/.test('${{ x }}')",
  ])('javascript: %j', (script) => {
    expect(hoistScript(partsOf(script, 'harmless'), 'javascript').ok).toBe(false);
  });

  test.each([
    'iex "${{ x }}"',
    '& "${{ x }}"',
    '. "${{ x }}"',
    'pwsh -Command "${{ x }}"',
    'Write-Host "`${{ x }}"',
    'Write-Host "$${{ x }}"',
    'Write-Host a${{ x }}',
    '${{ x }}',
    "1 | ForEach-Object '${{ x }}'",
    '[scriptblock]::Create("${{ x }}")',
    '$c = "${{ x }}"; & $c',
    'Write-Host \u201c${{ x }}\u201d',
    'Set-Content a.ps1 "${{ x }}"\n./a.ps1',
  ])('pwsh: %j', (script) => {
    expect(hoistScript(partsOf(script, 'harmless'), 'pwsh').ok).toBe(false);
  });

  test('any script of an unknown shell', () => {
    expect(scriptOf('echo ${{ x }}', 'unknown')).toContain('refused');
    expect(scriptOf('echo ${{ own }}', 'unknown')).toBe('echo own');
  });
});

describe('values', () => {
  test('what no outsider chose is spliced, and can make a script refused', () => {
    expect(scriptOf('${{ own }} ${{ own }}', 'bash')).toBe('own own');
    const parts = [
      { literal: '' },
      { value: 'eval', expression: 'matrix.cmd', influenced: false, at: { line: 1, column: 1 } },
      { literal: ' ' },
      { value: 'x', expression: 'github.head_ref', influenced: true, at: { line: 1, column: 9 } },
    ];
    expect(hoistScript(parts, 'bash').ok).toBe(false);
  });

  test('a number of an event that is no number is not spliced', () => {
    const part = { expression: 'github.event.number', influenced: false, at: { line: 1, column: 1 } };
    const script = (value: string) => hoistScript([{ literal: 'echo ' }, { ...part, value }], 'bash');

    expect(script('12')).toMatchObject({ ok: true, script: 'echo 12' });
    expect(script('1; touch pwn')).toMatchObject({ ok: true, script: `echo "\${${V}}"`, env: { [V]: '1; touch pwn' } });
  });

  test('the log shows the literal', () => {
    expect(hoistScript(partsOf('echo "${{ x }}"', '"; touch pwn #'), 'bash')).toMatchObject({
      display: 'echo ""; touch pwn #"',
      env: { [V]: '"; touch pwn #' },
    });
  });

  test.each([
    ['echo "${{ x }}"', 'a\0b', 'NUL'],
    ['echo "${{ x }}"', 'a'.repeat(200_000), 'bytes'],
    ['git checkout ${{ x }}', '--upload-pack=touch pwn', 'option'],
    ['curl -d "${{ x }}" https://example.com', '@/etc/passwd', 'option'],
    ['echo "T=${{ x }}" >> $GITHUB_ENV', 'a\nLD_PRELOAD=/tmp/x.so', 'line break'],
  ])('%j with %j is refused', (script, value, reason) => {
    expect(scriptOf(script, 'bash', value)).toContain(reason);
    expect(checkScript(partsOf(script, value), 'bash')).toEqual([]);
  });

  test('names do not occur in the script', () => {
    const result = hoistScript(partsOf(`echo $SALLYPORT_DATA_1 \${{ x }}`, 'text'), 'bash');

    expect(result).toMatchObject({ ok: true, env: { SALLYPORT_DATA1_1: 'text' } });
  });

  test('a refusal names the place, the expression and the way out', () => {
    const result = hoistScript(
      [
        { literal: 'eval ' },
        { value: 'x', expression: 'github.head_ref', influenced: true, at: { line: 7, column: 12 } },
      ],
      'bash',
    );

    expect(result).toMatchObject({
      ok: false,
      refusals: [{ at: { line: 7, column: 12 }, expression: 'github.head_ref', fix: expect.stringContaining('env:') }],
    });
  });
});
