import type { FileView, Fix } from '../finding/index.ts';
import { find, judge, type Verdict } from './condition.ts';
import { removeEdit, setEdit } from './edit.ts';
import { none, type Report } from './report.ts';
import type { DataFix, JudgedMatch } from './rule-schema.ts';
import { itemsOf, type Span, type Tree } from './tree.ts';

/** What a rule of conditions judges: a resource, an object, a container, a service. */
export type Subject = {
  readonly file: FileView;
  readonly tree: Tree;
  /** How it is called in messages and what tells it from others: `aws_s3_bucket.logs`. */
  readonly name: string;
  /** Where to report what is missing, when that is not the head of the tree. */
  readonly head?: Span;
};

/** Applies a rule of conditions to one subject: at most one report, or one for each item of `each`. */
export function* judgeSubject(subject: Subject, match: JudgedMatch): Iterable<Report> {
  const { each } = match;
  const trees =
    each === undefined ? [subject.tree] : find(subject.tree, each).values.flatMap(({ tree }) => itemsOf(tree));
  for (const tree of trees) {
    const verdict = judge(match.when, tree);
    if (verdict.holds !== 'yes') continue;
    const head = tree === subject.tree ? subject.head : undefined;
    yield {
      span: placeOf(tree, match, { verdict, head }),
      message: messageOf(match.message, subject.name, verdict),
      scope: subject.name,
      fix: fixOf({ file: subject.file, root: tree }, match.fix),
    };
  }
}

function placeOf(
  tree: Tree,
  match: JudgedMatch,
  at: { readonly verdict: Verdict; readonly head: Span | undefined },
): Span {
  if (match.at !== undefined) {
    const { values, above } = find(tree, match.at);
    return values[0]?.at ?? (above.start === tree.start && at.head !== undefined ? at.head : above);
  }
  const span = at.verdict.at;
  if (span !== undefined && (at.verdict.isAbsence !== true || span.start !== tree.start)) return span;
  return at.head ?? span ?? { start: tree.start, end: tree.start };
}

function messageOf(template: string, name: string, verdict: Verdict): string {
  return template.replaceAll('{name}', name).replaceAll('{value}', String(verdict.value ?? ''));
}

export function fixOf(at: { readonly file: FileView; readonly root: Tree }, fix: DataFix): Fix {
  if ('none' in fix) return none(fix.none, fix.followUp);
  const change = 'set' in fix ? setEdit(at, fix.set.split('.'), fix.to) : removeEdit(at, fix.remove.split('.'));
  if (change === undefined) return none('The value comes from elsewhere, or stands more than once.', fix.title);
  return {
    kind: 'edit',
    title: fix.title,
    edits: [change],
    ...(fix.followUp === undefined ? {} : { followUp: fix.followUp }),
  };
}
