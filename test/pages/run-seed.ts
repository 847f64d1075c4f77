/** A repository with runs of every sort, on the real product, for what looks at the pages of runs. */
import { type Product, until, type WorkTree } from '../product/product.ts';

export const REPOSITORY = 'acme/app';
export const LONG_LINES = 200_000;

type Json = { readonly [key: string]: unknown };
export type SeededRun = {
  readonly id: number;
  readonly state: string;
  readonly conclusion?: string;
  readonly jobs: readonly { readonly id: number; readonly key: string; readonly state: string }[];
};

/** The API of one repository, as somebody. */
export function repositoryApi(product: Product, token: string, repository = REPOSITORY) {
  const base = `/api/v1/repositories/${repository}`;
  const ask = async (path: string, options: RequestInit = {}): Promise<Json> => {
    const response = await product.fetch(`${base}${path}`, { ...options, token });
    const body = (await response.json()) as Json;
    if (!response.ok) throw new Error(`${path} was answered with ${response.status}: ${JSON.stringify(body)}`);
    return body;
  };
  const post = (path: string, body: object) =>
    ask(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  const run = async (id: number) => (await ask(`/runs/${id}`)) as unknown as SeededRun;
  return {
    ask,
    post,
    run,
    ended: (id: number) =>
      until(120_000, async () => {
        const found = await run(id);
        return found.state === 'finished' && found;
      }),
    /** The newest run that fits a query and is none of those that are known. */
    newest: (query: string, known: readonly number[] = []) =>
      until(60_000, async () => {
        const { items } = (await ask(`/runs?${query}`)) as unknown as { readonly items: readonly SeededRun[] };
        return items.find(({ id }) => !known.includes(id));
      }),
    dispatch: async (workflow: string, inputs: { readonly [name: string]: string } = {}) => {
      const { runIds } = (await post('/dispatches', { workflow, inputs })) as { readonly runIds: readonly number[] };
      return runIds[0] ?? 0;
    },
  };
}

export const CI = `
name: CI
on: { push: { branches: [main] } }
permissions: { contents: read }
jobs:
  lint:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - name: Lint
        run: |
          echo "::group::Settings"
          for i in $(seq 1 20); do echo "rule $i on"; done
          echo "::endgroup::"
          echo "::warning file=src/app.js,line=2,title=Unused variable::b is never used"
          printf '\\033[1;32mok\\033[0m, see https://example.org/rules\\n'
  build:
    runs-on: ubuntu-latest
    strategy: { matrix: { node: [20, 22, 24] } }
    steps:
      - uses: actions/cache@v4
        with: { path: kept, key: "kept-\${{ matrix.node }}" }
      - name: Compile
        run: |
          mkdir -p kept out && date > kept/x
          for i in $(seq 1 60); do printf '\\033[36mcompiling\\033[0m module %s\\n' $i; done
          echo "built" > out/app.txt
          curl -sS -m 5 https://telemetry.example.org/v1 || true
          echo "## Built with node \${{ matrix.node }}" >> $GITHUB_STEP_SUMMARY
          echo "| file | bytes |" >> $GITHUB_STEP_SUMMARY
          echo "|---|---|" >> $GITHUB_STEP_SUMMARY
          echo "| app.txt | 6 |" >> $GITHUB_STEP_SUMMARY
      - uses: actions/upload-artifact@v4
        with: { name: "app-\${{ matrix.node }}", path: out }
  test: { needs: build, runs-on: ubuntu-latest, steps: [{ run: "sleep 1; echo testing" }] }
  ship:
    needs: [lint, test]
    runs-on: ubuntu-latest
    steps:
      - run: 'echo "::error file=src/app.js,line=1::shipping failed"; test "$GITHUB_RUN_ATTEMPT" -gt 1'
`;

const LONG = `
name: Long
on: { workflow_dispatch: {} }
jobs:
  long:
    runs-on: ubuntu-latest
    steps:
      - name: Print
        run: awk 'BEGIN { for (i = 1; i <= ${LONG_LINES}; i++) printf "\\033[3%dmline\\033[0m %d of many, the quick brown fox jumps over the lazy dog\\n", i % 8, i }'
`;

const LIVE = `
name: Live
on:
  workflow_dispatch:
    inputs:
      who: { required: true, description: Whom to greet }
      seconds: { type: number, default: 20 }
      loud: { type: boolean }
      colour: { type: choice, options: [red, green, blue], default: green }
      where: { type: environment }
run-name: Live for \${{ inputs.who }}
jobs:
  live:
    runs-on: ubuntu-latest
    steps:
      - name: Tick
        env: { N: "\${{ inputs.seconds }}", COLOUR: "\${{ inputs.colour }}" }
        run: echo "colour $COLOUR"; for i in $(seq 1 $N); do echo "tick $i"; sleep 1; done
      - name: After
        run: echo after
`;

const NIGHT = `
name: Night
on: { schedule: [{ cron: "30 3 * * 1-5" }] }
jobs: { night: { runs-on: ubuntu-latest, steps: [{ run: "echo hi" }] } }
`;

const BROKEN = `
name: Broken
on: push
jobs:
  a:
    runs-on: ubuntu-latest
    stepz: [{ run: "echo" }]
`;

export type Seed = {
  readonly tree: WorkTree;
  /** Failed; its only other attempt was green. */
  readonly repeated: number;
  readonly failed: SeededRun;
  readonly long: SeededRun;
  readonly refused: number;
};

/** Pushes and runs all of it. The product lets owners push to the default branch. */
export async function seedRuns(product: Product, token: string): Promise<Seed> {
  await product.must(['repo', 'create', REPOSITORY]);
  const api = repositoryApi(product, token);
  const tree = await product.tree(REPOSITORY);
  await tree.push({
    'README.md': '# app\n',
    'src/app.js': 'const a = 1;\nconst b = 2;\n',
    '.github/workflows/ci.yml': CI,
    '.github/workflows/long.yml': LONG,
    '.github/workflows/live.yml': LIVE,
    '.github/workflows/night.yml': NIGHT,
  });
  const first = await api.newest('workflow=ci.yml');
  const long = await api.dispatch('long.yml');
  await api.ended(first.id);
  await api.post(`/runs/${first.id}/rerun`, { only: 'failed' });
  await api.ended(first.id);
  await tree.push({ 'src/app.js': 'const a = 1;\n' });
  const second = await api.newest('workflow=ci.yml', [first.id]);
  await tree.push({ '.github/workflows/broken.yml': BROKEN }, { branch: 'broken' });
  const refused = await api.newest('workflow=broken.yml');
  return {
    tree,
    repeated: first.id,
    failed: await api.ended(second.id),
    long: await api.ended(long),
    refused: refused.id,
  };
}
