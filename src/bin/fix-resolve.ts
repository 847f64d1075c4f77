import { isFault } from '../base/index.ts';
import type { ActionStore } from '../actions/index.ts';
import type { Interrupt } from '../cli/index.ts';
import { isPresetName } from '../egress/index.ts';
import type { Edit, FixRequest } from '../finding/index.ts';
import {
  type Bump,
  type BumpPlan,
  type FixTools,
  type Overlay,
  pinEdits,
  planBumps,
  type Resolution,
} from '../fix/index.ts';
import { parseUses } from '../workflow/index.ts';
import type { Machine } from './commands.ts';
import { findProgram } from './executor.ts';
import { imageDigest } from './image-digest.ts';
import { runTask } from './task.ts';

/** How long the tool of an ecosystem may take for one lockfile. */
const TOOL_MINUTES_MAX = 10;

export type ResolverDeps = {
  readonly machine: Machine;
  readonly actions: ActionStore;
  readonly interrupt: Interrupt;
  readonly request: typeof fetch;
  /** The text of a file as it was scanned; nothing for one that is not there. */
  readText(path: string): Promise<string | undefined>;
};

/** Carries out what fixes ask for. Equal requests are asked once: a group that is split asks again for its parts. */
export function createResolver(deps: ResolverDeps): FixTools['resolve'] {
  const pinned: Pins = new Map();
  const raised: Raised = new Map();
  return async (requests, overlay) => {
    const [first] = requests;
    if (first === undefined) return { ok: true, edits: [] };
    try {
      if (first.type !== 'bump') return { ok: true, edits: await pin(deps, first, { overlay, pinned }) };
      return await raise(
        deps,
        requests.filter((request): request is Bump => request.type === 'bump'),
        { overlay, raised },
      );
    } catch (thrown) {
      // A source that can't be reached or does not have it is an answer: the finding stays, with this reason.
      if (isFault(thrown)) return { ok: false, reason: thrown.message };
      throw thrown;
    }
  };
}

/** What tools made of the same files and packages: a set of fixes is tried again and again. */
type Raised = Map<string, Promise<Resolution>>;

type Pins = Map<string, Promise<{ readonly reference: string; readonly name: string }>>;

async function pin(
  deps: ResolverDeps,
  request: Exclude<FixRequest, { readonly type: 'bump' }>,
  { overlay, pinned }: { readonly overlay: Overlay; readonly pinned: Pins },
): Promise<readonly Edit[]> {
  const name = request.type === 'pin-action' ? request.uses : request.image;
  const key = `${request.type} ${name}`;
  const found = pinned.get(key) ?? (request.type === 'pin-action' ? pinnedAction(deps, name) : pinnedImage(deps, name));
  pinned.set(key, found);
  const text = overlay.get(request.file) ?? (await deps.readText(request.file)) ?? '';
  return pinEdits(request, text, await found);
}

/** `owner/repo/path@tag` to the commit of the tag. The store refuses commits that no branch or tag reaches. */
async function pinnedAction({ actions }: ResolverDeps, uses: string): Promise<{ reference: string; name: string }> {
  const parsed = parseUses(uses);
  if (parsed?.kind !== 'remote') return { reference: uses, name: uses };
  const { owner, repo, path, ref } = parsed;
  const { commit } = await actions.resolve({ owner, repo, ref });
  return { reference: `${owner}/${repo}${path === '' ? '' : `/${path}`}@${commit}`, name: ref };
}

async function pinnedImage({ request }: ResolverDeps, image: string): Promise<{ reference: string; name: string }> {
  const name = image.replace(/^docker:\/\//, '');
  const digest = await imageDigest(name, request);
  return { reference: `${image}@${digest}`, name: name.slice(name.lastIndexOf(':') + 1) };
}

async function raise(
  deps: ResolverDeps,
  bumps: readonly Bump[],
  { overlay, raised }: { readonly overlay: Overlay; readonly raised: Raised },
): Promise<Resolution> {
  const file = bumps[0]?.file ?? '';
  const read = async (path: string) => overlay.get(path) ?? (await deps.readText(path));
  const plan = planBumps(bumps, (await read(file)) ?? '');
  switch (plan.kind) {
    case 'none':
      return { ok: false, reason: plan.reason };
    case 'text':
      return { ok: true, edits: plan.edits };
    case 'tool':
      return raiseByTool(deps, plan, { file, read, raised });
  }
}

type Read = (path: string) => Promise<string | undefined>;
type ToolPlan = Extract<BumpPlan, { readonly kind: 'tool' }>;

async function raiseByTool(
  deps: ResolverDeps,
  plan: ToolPlan,
  { file, read, raised }: { readonly file: string; readonly read: Read; readonly raised: Raised },
): Promise<Resolution> {
  const folder = file.slice(0, file.lastIndexOf('/') + 1);
  try {
    findProgram(deps.machine.env, plan.program);
  } catch (thrown) {
    if (!isFault(thrown, 'bin/program-missing')) throw thrown;
    return {
      ok: false,
      reason: `${plan.program} is not on this machine; with it: ${plan.script.split('\n').at(-1) ?? ''}`,
    };
  }
  const files = new Map<string, string>();
  for (const name of plan.reads) {
    const text = await read(`${folder}${name}`);
    if (text !== undefined) files.set(`work/${name}`, text);
  }
  const key = JSON.stringify([folder, plan.script, [...files]]);
  const known = raised.get(key) ?? runTool(deps, plan, { folder, files, read });
  raised.set(key, known);
  return known;
}

async function runTool(
  { machine, interrupt }: ResolverDeps,
  plan: ToolPlan,
  {
    folder,
    files,
    read,
  }: { readonly folder: string; readonly files: ReadonlyMap<string, string>; readonly read: Read },
): Promise<Resolution> {
  const isSet = typeof plan.registry === 'string';
  const result = await runTask(
    machine,
    {
      files,
      script: `cd work\n${plan.script}`,
      presets: isSet && isPresetName(plan.registry) ? [plan.registry] : [],
      allow: isSet ? [] : plan.registry,
      minutesMax: TOOL_MINUTES_MAX,
      collect: plan.writes.map((name) => `work/${name}`),
    },
    interrupt,
  );
  if (!result.ok) {
    const last = result.tail.filter((line) => line.trim() !== '').at(-1) ?? 'it said nothing';
    const hosts = result.refused.length === 0 ? '' : `; it wanted ${result.refused.join(', ')}`;
    return { ok: false, reason: `${plan.program} could not raise it: ${last.slice(0, 200)}${hosts}` };
  }
  const edits: Edit[] = [];
  for (const [path, content] of result.files) {
    const target = `${folder}${path.slice('work/'.length)}`;
    const before = await read(target);
    const after = Buffer.from(content).toString();
    // A file that was not there before is none that the person keeps.
    if (before !== undefined && before !== after)
      edits.push({ file: target, start: 0, end: before.length, text: after });
  }
  if (edits.length === 0)
    return { ok: false, reason: `${plan.program} changed nothing: a parent holds the old version` };
  return { ok: true, edits };
}
