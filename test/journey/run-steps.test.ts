import { expect, test } from 'vitest';
import { sampleRepository } from '../sample.ts';

/** One workflow file that runs on push. */
function workflow(jobs: string): { readonly [path: string]: string } {
  return { '.github/workflows/ci.yml': `on: push\njobs:\n${jobs}` };
}

test('steps share files, variables, outputs, paths and the home folder, as on GitHub', async () => {
  await using sample = await sampleRepository({
    ...workflow(`  build:
    runs-on: ubuntu-latest
    env: { LEVEL: job }
    outputs: { answer: "\${{ steps.set.outputs.answer }}" }
    steps:
      - run: |
          echo "FROM_FILE=one" >> "$GITHUB_ENV"
          { echo "LINES<<END"; echo a; echo b; echo END; } >> "$GITHUB_ENV"
          mkdir -p "$HOME/tools" && printf '#!/bin/sh\\necho tool ran\\n' > "$HOME/tools/mytool" && chmod +x "$HOME/tools/mytool"
          echo "$HOME/tools" >> "$GITHUB_PATH"
          echo kept > /tmp/kept; echo here > file.txt
      - id: set
        env: { LEVEL: step }
        run: |
          echo "answer=42" >> "$GITHUB_OUTPUT"
          echo "$FROM_FILE $LEVEL \${{ env.LEVEL }}"
          printf '%s|' "$LINES" | tr '\\n' ','; echo
          echo "in $GITHUB_ACTION"
          mytool; cat /tmp/kept file.txt
      - run: echo "level is $LEVEL and answer \${{ steps.set.outputs.answer }} \${{ steps.set.outcome }}"
  use:
    needs: build
    runs-on: ubuntu-latest
    steps:
      - run: test "\${{ needs.build.outputs.answer }}" = 42 && test ! -e /tmp/kept && echo fresh
`),
  });

  const result = await sample.run();

  expect(result.conclusion(), result.stderr + result.log()).toBe('success');
  expect(result.log('set')).toContain('one step step');
  expect(result.log('set')).toContain('a,b|');
  expect(result.log('set')).toContain('in set');
  expect(result.log('set')).toContain('tool ran\nkept\nhere');
  expect(result.log()).toContain('level is job and answer 42 success');
  expect(result.log()).toContain('fresh');
  expect(result.code).toBe(0);
});

test('a failing step fails the job, and only steps that ask for it run after it', async () => {
  await using sample = await sampleRepository(
    workflow(`  build:
    runs-on: ubuntu-latest
    steps:
      - { id: tolerated, run: exit 3, continue-on-error: true }
      - { id: after, run: 'echo "\${{ steps.tolerated.outcome }} \${{ steps.tolerated.conclusion }}"' }
      - { id: broken, run: exit 4 }
      - { id: skipped, name: A skipped step, run: echo never }
      - { id: on-failure, if: failure(), run: 'echo status \${{ job.status }}' }
      - { id: always, if: always(), run: echo always }
  next: { needs: build, runs-on: ubuntu-latest, steps: [{ run: echo never }] }
  report: { needs: build, if: always(), runs-on: ubuntu-latest, steps: [{ run: 'echo result \${{ needs.build.result }}' }] }
`),
  );

  const result = await sample.run();

  expect(result.code).toBe(1);
  expect(result.log('after')).toContain('failure success');
  expect(result.stepConclusion('skipped')).toBe('skipped');
  expect(result.stdout).toContain('"name":"A skipped step"');
  expect(result.log('on-failure')).toContain('status failure');
  expect(result.log('always')).toContain('always');
  expect(result.conclusion('next')).toBe('skipped');
  expect(result.log()).toContain('result failure');
  expect(result.log()).not.toContain('never\n');
});

test('shells, working directories and defaults follow the documentation', async () => {
  await using sample = await sampleRepository(
    workflow(`  build:
    runs-on: ubuntu-latest
    defaults: { run: { shell: sh, working-directory: sub } }
    steps:
      - { run: mkdir sub, working-directory: . }
      - { id: folder, run: 'basename "$PWD"' }
      - { id: python, shell: python, run: "import os\\nprint('py', os.path.basename(os.getcwd()))" }
      - { id: custom, shell: 'perl {0}', run: 'print "perl ran\\n";' }
      - { id: pipefail, shell: bash, continue-on-error: true, run: 'false | true' }
      - { id: nopipefail, run: 'false | true' }
`),
  );

  const result = await sample.run();

  expect(result.conclusion(), result.log()).toBe('success');
  expect(result.log('folder')).toContain('sub');
  expect(result.log('python')).toContain('py sub');
  expect(result.log('custom')).toContain('perl ran');
  expect(result.log()).toContain('exit code 1');
  expect(result.stepConclusion('nopipefail')).toBe('success');
});

test('a step that runs longer than its timeout is interrupted and fails', async () => {
  await using sample = await sampleRepository(
    workflow(`  build:
    runs-on: ubuntu-latest
    steps:
      - { id: slow, timeout-minutes: 0.02, run: "trap 'echo interrupted; exit 9' INT; sleep 60 & wait" }
      - { id: after, if: failure(), run: echo cleaned }
`),
  );

  const result = await sample.run();

  expect(result.stepConclusion('slow')).toBe('failure');
  expect(result.log('slow')).toContain('interrupted');
  expect(result.log('after')).toContain('cleaned');
});

test('a background process of a step serves the steps after it and dies with the job', async () => {
  await using sample = await sampleRepository(
    workflow(`  build:
    runs-on: ubuntu-latest
    steps:
      - run: python3 -m http.server 8000 --bind 127.0.0.1 >/dev/null 2>&1 &
      - { id: ask, run: "for i in 1 2 3 4 5 6 7 8 9; do curl -fsS -o /dev/null http://127.0.0.1:8000/ && echo served && exit 0; sleep 0.3; done; exit 1" }
`),
  );

  const result = await sample.run();

  expect(result.log('ask'), result.log()).toContain('served');
});

test('workflow commands, masks, annotations, summaries and problem matchers reach the person', async () => {
  await using sample = await sampleRepository({
    ...workflow(`  build:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - id: commands
        env: { KEY: "\${{ secrets.KEY }}" }
        run: |
          echo "::warning file=src/a.c,line=3,col=4,title=Careful::Look%0Ahere"
          echo "::group::Inner"; echo inside; echo "::endgroup::"
          echo "::add-mask::visible-later"; echo "this was visible-later"
          echo "key $KEY and $(printf %s "$KEY" | base64)"
          echo "::stop-commands::token-1234"; echo "::error::not an error"; echo "::token-1234::"
          echo "## Result" >> "$GITHUB_STEP_SUMMARY"
      - id: matcher
        run: |
          echo "::add-matcher::.github/matcher.json"
          sleep 1
          echo "src/b.c:7:2: error: broken"
      - id: match
        run: echo "src/b.c:7:2 error broken"
`),
    '.github/matcher.json': JSON.stringify({
      problemMatcher: [
        {
          owner: 'cc',
          pattern: [
            {
              regexp: '^(.+):(\\d+):(\\d+) (error|warning) (.+)$',
              file: 1,
              line: 2,
              column: 3,
              severity: 4,
              message: 5,
            },
          ],
        },
      ],
    }),
  });

  const result = await sample.run(['--secret', 'KEY=env:KEY'], { env: { KEY: 'hunter2-hunter2' } });

  expect(result.conclusion(), result.log()).toBe('success');
  const events = result.events.flatMap((event) => (event.kind === 'job' ? [event.event] : []));
  const annotations = events.flatMap((event) => (event.kind === 'annotation' ? [event.annotation] : []));
  expect(annotations).toContainEqual(
    expect.objectContaining({
      level: 'warning',
      file: 'src/a.c',
      line: 3,
      column: 4,
      title: 'Careful',
      message: 'Look\nhere',
    }),
  );
  expect(annotations).toContainEqual(
    expect.objectContaining({ level: 'error', file: 'src/b.c', line: 7, message: 'broken' }),
  );
  expect(result.log('commands')).toContain('this was ***');
  expect(result.log('commands')).toContain('::error::not an error');
  expect(result.stdout).not.toContain('hunter2');
  expect(result.stdout).not.toContain(Buffer.from('hunter2-hunter2').toString('base64').slice(0, 16));
  expect(events).toContainEqual(expect.objectContaining({ kind: 'summary', markdown: '## Result\n' }));
});
