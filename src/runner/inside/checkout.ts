import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CheckoutSettings, isBadRef, readCheckoutSettings } from './checkout-settings.ts';
import { type Git, lastLines, must, openGit } from './git.ts';
import { debug, group, info, Refusal, runAction, setOutput, warning } from './program.ts';

const FETCH_ATTEMPTS_MAX = 3;
const FETCH_PAUSE_MS = 1000;
const SUBMODULE_DEPTH_MAX = 8;
const TAGS = '+refs/tags/*:refs/tags/*';

/** What is checked out: a name that git resolves, and the remote branch that a local one starts from. */
type Target = { readonly ref: string; readonly start?: string };

await runAction(async () => {
  const settings = readCheckoutSettings();
  info(`Syncing repository: ${settings.repository}`);
  const index = prepareFolder(settings);
  const git = openGit(settings.folder, settings);
  await initialize(git, settings, index);
  const ref = settings.ref === '' && settings.commit === '' ? await defaultBranch(git, settings) : settings.ref;
  await fetchAll(git, { ...settings, ref });
  const target = await targetOf(git, ref, settings.commit);
  await checkOut(git, settings, target);
  if (settings.submodules !== 'no') await updateSubmodules(git, settings, 0);
  const commit = await must(git.plain(['rev-parse', '--verify', 'HEAD']), 'Reading the commit');
  if (settings.commit !== '' && commit !== settings.commit) {
    throw new Refusal(
      `The ref '${ref}' does not point to the expected commit '${settings.commit}' but to '${commit}'. It may have been updated after the workflow was triggered.`,
    );
  }
  info(`Checked out ${commit}`);
  setOutput('ref', ref);
  setOutput('commit', commit);
});

/**
 * Empties the folder, or keeps its files when `clean: false` asks so and it holds the same repository. The old `.git` is
 * never used again: its configuration and hooks may be an earlier step's, and the fetch holds a token. Its index is
 * given back, so that files of the old commit that the new one lacks still go.
 */
function prepareFolder(settings: CheckoutSettings): Buffer | undefined {
  const { folder } = settings;
  mkdirSync(folder, { recursive: true });
  const keeps = !settings.isClean && isCheckoutOf(folder, settings.url);
  const index = join(folder, '.git', 'index');
  const kept = keeps && existsSync(index) ? readFileSync(index) : undefined;
  const entries = readdirSync(folder);
  const goes = keeps ? entries.filter((entry) => entry === '.git') : entries;
  if (goes.length > 0) debug(`Removing ${goes.length} entries of ${folder}`);
  for (const entry of goes) rmSync(join(folder, entry), { recursive: true, force: true });
  return kept;
}

function isCheckoutOf(folder: string, url: string): boolean {
  try {
    return readFileSync(join(folder, '.git', 'config'), 'utf8')
      .split('\n')
      .some((line) => line.trim() === `url = ${url}`);
  } catch {
    // No repository is there.
    return false;
  }
}

async function initialize(git: Git, settings: CheckoutSettings, index: Buffer | undefined): Promise<void> {
  await must(
    git.withToken(['init', '--quiet', '--initial-branch=main', '--template=', git.folder]),
    'Initializing the repository',
  );
  const folder = join(git.folder, '.git');
  for (const name of ['hooks', 'info']) mkdirSync(join(folder, name), { recursive: true });
  // Addresses were checked to hold no character that means something here.
  const remote = `[remote "origin"]\n\turl = ${settings.url}\n\tfetch = +refs/heads/*:refs/remotes/origin/*\n`;
  appendFileSync(join(folder, 'config'), `${remote}[gc]\n\tauto = 0\n`);
  if (index !== undefined) writeFileSync(join(folder, 'index'), index);
}

async function defaultBranch(git: Git, settings: CheckoutSettings): Promise<string> {
  const listed = await git.withToken(['ls-remote', '--quiet', '--symref', settings.url, 'HEAD']);
  if (listed.code !== 0) throw new Refusal(explainFetch(settings, listed.stderr));
  const ref = /^ref: (refs\/heads\/\S+)\tHEAD$/m.exec(listed.stdout)?.[1];
  if (ref === undefined || isBadRef(ref)) throw new Refusal(`${settings.url} does not tell its default branch`);
  return ref;
}

/** The refspecs of one fetch. Source: actions/checkout v7, src/ref-helper.ts. */
function refspecsOf(settings: CheckoutSettings): string[] {
  const { ref, commit, withTags } = settings;
  const kind = /^refs\/(heads|pull|tags)\/(.+)$/i.exec(ref);
  const [, space = '', name = ''] = kind ?? [];
  if (settings.depth === 0) {
    const pull = space.toLowerCase() === 'pull' ? [`+${commit || ref}:refs/remotes/pull/${name}`] : [];
    const lone = ref === '' && commit !== '' ? [commit] : [];
    return ['+refs/heads/*:refs/remotes/origin/*', TAGS, ...pull, ...lone];
  }
  const tags = withTags ? [TAGS] : [];
  switch (space.toLowerCase()) {
    case 'heads':
      return [...tags, `+${commit || ref}:refs/remotes/origin/${name}`];
    case 'pull':
      return [...tags, `+${commit || ref}:refs/remotes/pull/${name}`];
    case 'tags':
      return withTags ? tags : [`+${ref}:${ref}`];
    default:
      break;
  }
  if (commit !== '') return [...tags, commit];
  if (ref.startsWith('refs/')) return [...tags, `+${ref}:${ref}`];
  // A plain name may be either: what is not there is not matched.
  return [
    ...tags,
    `+refs/heads/${ref}*:refs/remotes/origin/${ref}*`,
    ...(withTags ? [] : [`+refs/tags/${ref}*:refs/tags/${ref}*`]),
  ];
}

async function fetchAll(git: Git, settings: CheckoutSettings): Promise<void> {
  const filter = settings.filter || (settings.sparse.length > 0 ? 'blob:none' : '');
  const args = [
    '-c',
    'protocol.version=2',
    'fetch',
    '--no-tags',
    '--prune',
    '--no-recurse-submodules',
    ...(settings.withProgress ? ['--progress'] : ['--quiet']),
    ...(filter === '' ? [] : [`--filter=${filter}`]),
    ...(settings.depth > 0 ? [`--depth=${settings.depth}`] : []),
    'origin',
    ...refspecsOf(settings),
  ];
  await group('Fetching the repository', async () => {
    for (let attempt = 1; ; attempt += 1) {
      const fetched = await git.withToken(args, { show: true });
      if (fetched.code === 0) return;
      const isPassing = /timed out|connection|HTTP 5\d\d|early EOF|hung up/i.test(fetched.stderr);
      if (!isPassing || attempt === FETCH_ATTEMPTS_MAX) throw new Refusal(explainFetch(settings, fetched.stderr));
      warning(`The fetch failed, trying again: ${lastLines(fetched.stderr)}`);
      await sleep(FETCH_PAUSE_MS * attempt);
    }
  });
}

function explainFetch(settings: CheckoutSettings, stderr: string): string {
  // Git says nothing when no name on the server matches a pattern.
  if (stderr === '') return `A branch or tag with the name '${settings.ref}' could not be found`;
  const what = `${settings.repository} could not be fetched from ${settings.serverUrl}: ${lastLines(stderr)}`;
  if (settings.isOwn) return what;
  return `${what}\nThe runner serves the repository of the run. Another one needs an address in github-server-url that .sallyport/egress.yml allows.`;
}

/** Source: getCheckoutInfo in actions/checkout v7, src/ref-helper.ts. */
async function targetOf(git: Git, ref: string, commit: string): Promise<Target> {
  const [, space = '', name = ''] = /^refs\/(heads|pull|tags)\/(.+)$/i.exec(ref) ?? [];
  switch (space.toLowerCase()) {
    case 'heads':
      return { ref: name, start: `refs/remotes/origin/${name}` };
    case 'pull':
      return { ref: `refs/remotes/pull/${name}` };
    case 'tags':
      return { ref };
    default:
      break;
  }
  if (ref === '' || ref.startsWith('refs/')) return { ref: commit || ref };
  const branch = `refs/remotes/origin/${ref}`;
  const isThere = async (full: string) => (await git.plain(['show-ref', '--verify', '--quiet', full])).code === 0;
  if (await isThere(branch)) return { ref, start: branch };
  if (await isThere(`refs/tags/${ref}`)) return { ref: `refs/tags/${ref}` };
  throw new Refusal(`A branch or tag with the name '${ref}' could not be found`);
}

async function checkOut(git: Git, settings: CheckoutSettings, target: Target): Promise<void> {
  if (settings.sparse.length > 0) await setSparse(git, settings);
  const args = [
    '-c',
    'advice.detachedHead=false',
    'checkout',
    '--force',
    ...(settings.withProgress ? ['--progress'] : ['--quiet']),
  ];
  const what = target.start === undefined ? ['--detach', target.ref] : ['-B', target.ref, target.start];
  // Only a partial clone fetches at this point, and only then the token is needed.
  const isPartial = settings.sparse.length > 0 || settings.filter !== '';
  await group('Checking out the ref', async () => {
    const run = isPartial
      ? git.withToken([...args, ...what], { show: true })
      : git.plain([...args, ...what], { show: true });
    await must(run, `Checking out ${target.ref}`);
  });
}

async function setSparse(git: Git, settings: CheckoutSettings): Promise<void> {
  if (settings.isCone) {
    await must(
      git.plain(['sparse-checkout', 'set', '--cone', '--end-of-options', ...settings.sparse]),
      'Setting up the sparse checkout',
    );
    return;
  }
  await must(git.plain(['config', 'core.sparseCheckout', 'true']), 'Setting up the sparse checkout');
  appendFileSync(join(git.folder, '.git', 'info', 'sparse-checkout'), `\n${settings.sparse.join('\n')}\n`);
}

/** Submodules of the same server are fetched; a foreign address is refused before anything is asked there. */
async function updateSubmodules(git: Git, settings: CheckoutSettings, depth: number): Promise<void> {
  if (!existsSync(join(git.folder, '.gitmodules'))) return;
  if (depth >= SUBMODULE_DEPTH_MAX) throw new Refusal(`submodules are nested more than ${SUBMODULE_DEPTH_MAX} deep`);
  await must(git.plain(['submodule', '--quiet', 'init']), 'Reading the submodules');
  const listed = await git.plain(['config', '--local', '--null', '--get-regexp', '^submodule\\..*\\.url$']);
  for (const entry of listed.stdout.split('\0').filter((line) => line !== '')) {
    const url = entry.slice(entry.indexOf('\n') + 1);
    if (!url.startsWith(`${settings.serverUrl}/`)) {
      throw new Refusal(
        `The submodule at '${url.slice(0, 200)}' is not on ${settings.serverUrl}: the runner serves the repository of the run only. Vendor its files, or check it out in a step of its own.`,
      );
    }
  }
  const shallow = settings.depth > 0 ? [`--depth=${settings.depth}`] : [];
  await must(
    git.withToken(['submodule', 'update', '--init', '--force', ...shallow], { show: true }),
    'Fetching the submodules',
  );
  if (settings.submodules !== 'recursive') return;
  const paths = await git.plain([
    'config',
    '--file',
    '.gitmodules',
    '--null',
    '--get-regexp',
    '^submodule\\..*\\.path$',
  ]);
  for (const entry of paths.stdout.split('\0').filter((line) => line !== '')) {
    const folder = join(git.folder, entry.slice(entry.indexOf('\n') + 1));
    await updateSubmodules(openGit(folder, settings), settings, depth + 1);
  }
}
