import { excerpt } from '../base/index.ts';
import { refProblem } from './names.ts';

/** No object: the ref does not exist before, or after. */
export const ZERO = '0'.repeat(40);

/** What one push wants of one ref. */
export type RefUpdate = {
  readonly ref: string;
  readonly old: string;
  readonly new: string;
  /** What the new value is, as git knows it; nothing for a deletion. */
  readonly type?: 'commit' | 'tag' | 'tree' | 'blob';
  /** The old value is no ancestor of the new one. */
  readonly isForced: boolean;
};

export type PushFacts = {
  readonly defaultBranch: string;
  readonly updates: readonly RefUpdate[];
  /** Bytes of the repository with the new objects. */
  readonly bytes: number;
  readonly bytesMax: number;
  readonly mayPushDirectly: boolean;
  readonly unsafeDirectPush: boolean;
};

/** Why a push is refused: which ref, which rule, what to do. */
export type Refusal = { readonly ref: string; readonly rule: string; readonly reason: string; readonly help: string };

/** The rules that hold in every repository and for everybody, administrators too. One refusal refuses the whole push. */
export function refusalsOf(facts: PushFacts): readonly Refusal[] {
  const refusals = facts.updates.flatMap((update) => refusalOf(update, facts) ?? []);
  if (facts.bytes > facts.bytesMax && facts.updates.some((update) => update.new !== ZERO)) {
    refusals.push({
      ref: '(all)',
      rule: 'repository-quota',
      reason: `with this push the repository has ${facts.bytes} bytes, ${facts.bytesMax} are allowed`,
      help: 'Push less, or ask for a larger quota.',
    });
  }
  return refusals;
}

function refusalOf(update: RefUpdate, facts: PushFacts): Refusal | undefined {
  const { ref } = update;
  const refused = (rule: string, reason: string, help: string) => ({ ref: excerpt(ref, 200), rule, reason, help });
  if (ref.startsWith('refs/') && !/^refs\/(heads|tags)\//.test(ref)) {
    return refused('ref-internal', 'this ref is kept by the server', 'Push a branch or a tag.');
  }
  const problem = refProblem(ref);
  // What is there under a name that was once allowed can still be deleted.
  if (problem !== undefined && update.new !== ZERO) {
    return refused('ref-name', problem, 'Choose another name.');
  }
  if (ref.startsWith('refs/tags/')) return tagRefusal(update, refused);
  if (update.new !== ZERO && update.type !== 'commit') {
    return refused('branch-not-commit', 'a branch names a commit, this is something else', 'Push a commit.');
  }
  return ref === `refs/heads/${facts.defaultBranch}` ? defaultRefusal(update, facts, refused) : undefined;
}

type Refuse = (rule: string, reason: string, help: string) => Refusal;

function tagRefusal(update: RefUpdate, refused: Refuse): Refusal | undefined {
  if (update.old === ZERO) return undefined;
  const help = 'Make a new tag with another name: a tag says for ever the same.';
  return update.new === ZERO
    ? refused('tag-deletion', 'tags are not deleted', help)
    : refused('tag-move', 'tags are not moved', help);
}

function defaultRefusal(update: RefUpdate, facts: PushFacts, refused: Refuse): Refusal | undefined {
  if (update.new === ZERO) {
    return refused(
      'default-branch-deletion',
      'the default branch is not deleted',
      'Make another branch the default one first.',
    );
  }
  if (update.old === ZERO) {
    return facts.mayPushDirectly
      ? undefined
      : refused(
          'default-branch-creation',
          'only an owner begins the default branch',
          'Push another branch, or ask an owner.',
        );
  }
  if (update.isForced) {
    return refused(
      'default-branch-force',
      'the default branch only goes forward',
      'Fetch it, rebase or merge onto it, and push again without force.',
    );
  }
  if (facts.unsafeDirectPush && facts.mayPushDirectly) return undefined;
  const help = facts.unsafeDirectPush
    ? 'Push another branch, or ask an owner.'
    : 'Push another branch and open a change request. (Setting for owners: unsafe_direct_push.)';
  return refused('default-branch-direct', 'the default branch changes by reviewed change requests', help);
}

/** What the pusher reads on the terminal. */
export function refusalLines(refusals: readonly Refusal[]): readonly string[] {
  const shown = refusals.slice(0, REFUSALS_SHOWN_MAX);
  const more = refusals.length - shown.length;
  return [
    'sallyport: the push is refused, nothing was changed',
    ...shown.flatMap(({ ref, rule, reason, help }) => [`  ${printable(ref)}: ${rule}: ${reason}`, `    ${help}`]),
    ...(more > 0 ? [`  and ${more} more`] : []),
  ];
}

const REFUSALS_SHOWN_MAX = 10;

/** The name is the pusher's own, and yet nothing of it steers a terminal. */
function printable(text: string): string {
  return text.replaceAll(/[^\x21-\x7e\u00a1-\u01ff]/g, '?');
}
