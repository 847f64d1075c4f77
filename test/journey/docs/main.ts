/**
 * Does what the documentation says: every command of every page, in a folder of its own for each page, with the real program. A page
 * with an error says its line and what was printed.
 */
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { freePort } from '../../product/product.ts';
import { type Step, stepsOf } from './page.ts';

const root = join(import.meta.dirname, '../../..');
const PAGE_MS_MAX = 300_000;
const READY_SECONDS_MAX = 90;
const OUTPUT_SHOWN = 4000;
/** Decisions and what is written by programs show nothing to be done; the page of commands quotes their own help. */
const LEFT_OUT = /^docs\/(decisions|rules)\/|^docs\/reference\/(commands|faults)\.md$/;

export async function journeyDocs(only: readonly string[] = []): Promise<number> {
  const pages = await pagesOf(only);
  let commands = 0;
  let passed = 0;
  let notRun = 0;
  for (const page of pages) {
    const steps = stepsOf(await readFile(join(root, page), 'utf8'));
    const shown = steps.filter((step) => (step.kind === 'run' && !step.isHidden) || step.kind === 'background');
    for (const step of steps) {
      if (step.kind !== 'not-run') continue;
      notRun += 1;
      console.log(`not run  ${page}:${step.line}  ${step.reason}`);
    }
    if (shown.length === 0) continue;
    commands += shown.length;
    const failure = await goThrough(page, steps);
    if (failure === undefined) {
      passed += shown.length;
      console.log(`pass  ${page}  ${shown.length} blocks`);
    } else {
      passed += shown.filter(({ line }) => line < failure.line).length;
      console.log(`FAIL  ${page}:${failure.line}\n${failure.output.replaceAll(/^/gm, '    ')}`);
    }
  }
  console.log(`journey: ${passed}/${commands} steps (blocks of commands), ${notRun} not run`);
  return passed === commands && commands > 0 ? 0 : 1;
}

async function pagesOf(only: readonly string[]): Promise<readonly string[]> {
  if (only.length > 0) return only;
  const docs = await readdir(join(root, 'docs'), { recursive: true });
  const all = ['README.md', ...docs.filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`)];
  return all.filter((page) => !LEFT_OUT.test(page)).sort();
}

async function goThrough(
  page: string,
  steps: readonly Step[],
): Promise<{ readonly line: number; readonly output: string } | undefined> {
  const folder = await mkdtemp('/var/tmp/sp-docs-');
  const port = await freePort();
  try {
    // The database has a user of its own when this is root: it passes to its folder below.
    await chmod(folder, 0o711);
    await mkdir(join(folder, 'work'));
    const script = join(folder, 'script');
    await writeFile(script, await scriptOf(steps, folder, port));
    const { code, output } = await bash(script, { folder, port });
    if (code === 0) return undefined;
    const line = Number(/.*^@@ (\d+)$/ms.exec(output)?.[1] ?? 0);
    const tail = output.slice(output.lastIndexOf('\n@@ ') + 1).slice(-OUTPUT_SHOWN);
    return { line, output: `${page} ended with ${code}\n${tail}` };
  } finally {
    if (process.env['KEEP'] === undefined) await rm(folder, { recursive: true, force: true, maxRetries: 3 });
    else console.error(`kept ${folder}`);
  }
}

/** One script for a page: folders and variables carry over from block to block, as they do for whoever types them. */
async function scriptOf(steps: readonly Step[], folder: string, port: number): Promise<string> {
  const words = new Map<string, string>();
  const named = (text: string) => {
    let put = text.replaceAll(/\b(localhost|127\.0\.0\.1):8470\b/g, `$1:${port}`);
    for (const [from, variable] of words) put = put.replaceAll(from, `"$${variable}"`);
    return put;
  };
  const parts = ['set -eEo pipefail', `cd ${folder}/work`];
  for (const step of steps) {
    const file = join(folder, `step-${step.line}`);
    parts.push(`echo; echo '@@ ${step.line}'`);
    switch (step.kind) {
      case 'with':
        words.set(step.text, step.variable);
        break;
      case 'not-run':
        break;
      case 'file':
        await writeFile(file, step.text);
        parts.push(`mkdir -p '${dirname(step.path)}'`, `cp '${file}' '${step.path}'`);
        break;
      case 'background':
        await writeFile(file, `exec ${named(step.script).trim()}\n`);
        // Its output is there for later steps: the code that a server prints is needed to sign in.
        parts.push(
          `bash '${file}' > '${folder}/background' 2>&1 & background=$!`,
          `trap 'kill "$background" 2>/dev/null; wait "$background" 2>/dev/null' EXIT`,
          `for try in $(seq ${READY_SECONDS_MAX * 5}); do grep -qF '${step.until}' '${folder}/background' && break; kill -0 "$background" 2>/dev/null || break; sleep 0.2; done`,
          `cat '${folder}/background'; grep -qF '${step.until}' '${folder}/background'`,
          `BACKGROUND='${folder}/background'`,
        );
        break;
      case 'run':
        parts.push(
          step.exits === 0
            ? named(step.script)
            : `set +e\n${named(step.script)}status=$?; set -e; [ "$status" = ${step.exits} ] || { echo "ended with $status"; false; }`,
        );
        break;
    }
  }
  return `${parts.join('\n')}\n`;
}

function bash(
  script: string,
  { folder, port }: { readonly folder: string; readonly port: number },
): Promise<{ readonly code: number; readonly output: string }> {
  const env = {
    PATH: `${join(root, 'bin')}:${process.env['PATH'] ?? ''}`,
    HOME: join(folder, 'home'),
    XDG_STATE_HOME: join(folder, 'state'),
    XDG_CACHE_HOME: join(folder, 'cache'),
    SALLYPORT_LISTEN: `127.0.0.1:${port}`,
    GIT_CONFIG_GLOBAL: join(folder, 'gitconfig'),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Ada',
    GIT_AUTHOR_EMAIL: 'ada@example.org',
    GIT_COMMITTER_NAME: 'Ada',
    GIT_COMMITTER_EMAIL: 'ada@example.org',
    NO_COLOR: '1',
  };
  return new Promise((done) => {
    const child = spawn('bash', [script], { env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    }
    // The group: what a page starts ends with it.
    const timer = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGTERM'), PAGE_MS_MAX);
    child.once('close', (code) => {
      clearTimeout(timer);
      done({ code: code ?? 255, output });
    });
  });
}
