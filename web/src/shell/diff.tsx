import { memo } from 'react';
import { PlainText } from './code.tsx';
import classes from './diff.module.css';
import { type DiffHunk, type DiffLine, linesOf, sideBySide } from './diff-rows.ts';

const SIGNS = { same: ' ', added: '+', removed: '-', remark: '\\' } as const;

type DiffProps = {
  readonly hunks: readonly DiffHunk[];
  /** For screen readers: of which file. */
  readonly label: string;
  readonly isSplit?: boolean;
};

/** Changes of one file. The sign of each line is text: its colour is not all that tells. */
export const Diff = memo(({ hunks, label, isSplit = false }: DiffProps) => (
  <div className={classes['diff'] ?? ''} role="region" aria-label={label} tabIndex={0}>
    <table className={classes[isSplit ? 'split' : 'unified'] ?? ''}>
      <caption className="sp-hidden">{label}</caption>
      {isSplit ? (
        <colgroup>
          <col className={classes['narrow'] ?? ''} />
          <col />
          <col className={classes['narrow'] ?? ''} />
          <col />
        </colgroup>
      ) : null}
      <thead className="sp-hidden">
        <tr>
          <th scope="col">Old line</th>
          {isSplit ? <th scope="col">Before</th> : null}
          <th scope="col">New line</th>
          <th scope="col">{isSplit ? 'After' : 'Content'}</th>
        </tr>
      </thead>
      {hunks.map((hunk) => (
        <tbody key={`${hunk.oldStart} ${hunk.newStart}`}>
          <tr className={classes['head'] ?? ''}>
            <td colSpan={isSplit ? 4 : 3}>
              {`@@ -${hunk.oldStart} +${hunk.newStart} @@ `}
              <PlainText text={hunk.section} />
            </td>
          </tr>
          {isSplit ? <SplitRows hunk={hunk} /> : <UnifiedRows hunk={hunk} />}
        </tbody>
      ))}
    </table>
  </div>
));

const UnifiedRows = ({ hunk }: { readonly hunk: DiffHunk }) => (
  <>
    {linesOf(hunk).map((line, at) => (
      <tr key={at} data-kind={line.kind}>
        <td className={classes['number'] ?? ''}>{line.old}</td>
        <td className={classes['number'] ?? ''}>{line.new}</td>
        <Content line={line} />
      </tr>
    ))}
  </>
);

const SplitRows = ({ hunk }: { readonly hunk: DiffHunk }) => (
  <>
    {sideBySide(linesOf(hunk)).map(([before, after], at) => (
      <tr key={at}>
        <td className={classes['number'] ?? ''}>{before?.old}</td>
        <Content line={before} />
        <td className={classes['number'] ?? ''}>{after?.new}</td>
        <Content line={after} />
      </tr>
    ))}
  </>
);

function Content({ line }: { readonly line: DiffLine | undefined }) {
  if (line === undefined) return <td className={classes['none'] ?? ''} />;
  const { kind, text, changed } = line;
  return (
    <td className={classes['content'] ?? ''} data-kind={kind}>
      <span className={classes['sign'] ?? ''}>{SIGNS[kind]}</span>
      {changed === undefined ? (
        <PlainText text={text} />
      ) : (
        <>
          <PlainText text={text.slice(0, changed[0])} />
          <mark>
            <PlainText text={text.slice(changed[0], changed[1])} />
          </mark>
          <PlainText text={text.slice(changed[1])} />
        </>
      )}
    </td>
  );
}
