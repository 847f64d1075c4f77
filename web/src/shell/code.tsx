import { memo, type MouseEvent } from 'react';
import classes from './code.module.css';
import './colours.css';
import { revealed } from './hidden-text.ts';
import type { Token } from './highlight.ts';
import { useTokens } from './use-tokens.ts';

/** Lines that the browser leaves out together while they are not seen. */
const CHUNK_LINES = 100;

export type LineRange = { readonly from: number; readonly to: number };

type CodeProps = {
  readonly text: string;
  readonly language?: string | undefined;
  /** For screen readers: what the code is. */
  readonly label: string;
  /** Lines that are marked. */
  readonly marked?: LineRange | undefined;
  /** The number of the first line. */
  readonly first?: number;
  /** With it, numbers of lines are links. */
  readonly onLine?: (line: number, extend: boolean) => void;
};

/** Code with the numbers of its lines, in colours. */
export function Code({ text, language, label, marked, first = 1, onLine }: CodeProps) {
  // The last line end ends a line, it does not begin one.
  const lines = useTokens(text.replace(/\n$/, ''), language);
  const starts = Array.from({ length: Math.ceil(lines.length / CHUNK_LINES) }, (_, at) => at * CHUNK_LINES);
  return (
    <div className={`sp-code ${classes['code'] ?? ''}`} role="region" aria-label={label} tabIndex={0}>
      {starts.map((start) => (
        <Chunk
          key={start}
          lines={lines.slice(start, start + CHUNK_LINES)}
          first={first + start}
          marked={overlap(marked, first + start)}
          onLine={onLine}
        />
      ))}
    </div>
  );
}

function overlap(marked: LineRange | undefined, first: number): LineRange | undefined {
  return marked !== undefined && marked.to >= first && marked.from < first + CHUNK_LINES ? marked : undefined;
}

type ChunkProps = {
  readonly lines: readonly (readonly Token[])[];
  readonly first: number;
  readonly marked: LineRange | undefined;
  readonly onLine: CodeProps['onLine'];
};

const Chunk = memo(({ lines, first, marked, onLine }: ChunkProps) => (
  <div className={classes['chunk'] ?? ''}>
    {lines.map((tokens, at) => {
      const number = first + at;
      const isMarked = marked !== undefined && number >= marked.from && number <= marked.to;
      return (
        <div
          key={number}
          id={`L${number}`}
          className={classes['line'] ?? ''}
          {...(isMarked ? { 'data-marked': '' } : {})}
        >
          <LineNumber number={number} onLine={onLine} />
          <code>
            <Tokens tokens={tokens} />
          </code>
        </div>
      );
    })}
  </div>
));

/** Not in the order of Tab, which thousands of lines would fill: the page has a field for the line. */
function LineNumber({ number, onLine }: { readonly number: number; readonly onLine: CodeProps['onLine'] }) {
  if (onLine === undefined) return <span className={classes['number'] ?? ''} data-number={number} aria-hidden="true" />;
  const onClick = (event: MouseEvent) => {
    event.preventDefault();
    onLine(number, event.shiftKey);
  };
  return (
    <a
      href={`#L${number}`}
      className={classes['number'] ?? ''}
      data-number={number}
      tabIndex={-1}
      aria-hidden="true"
      onClick={onClick}
    />
  );
}

export const Tokens = ({ tokens }: { readonly tokens: readonly Token[] }) => (
  <>
    {tokens.map(({ text, kind }, at) =>
      kind === undefined ? (
        <PlainText key={at} text={text} />
      ) : (
        <span key={at} className={kind}>
          <PlainText text={text} />
        </span>
      ),
    )}
    {'\n'}
  </>
);

/** Text of others, in which nothing hides. */
export function PlainText({ text }: { readonly text: string }) {
  return (
    <>
      {revealed(text).map((part, at) =>
        part.isHidden ? (
          <span key={at} className={classes['hidden'] ?? ''} title="A character that is not seen">
            {part.text}
          </span>
        ) : (
          part.text
        ),
      )}
    </>
  );
}
