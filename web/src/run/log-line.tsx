import { memo } from 'react';
import { parseLine, plainText, visibleText, withLinks, withMarks } from './ansi.ts';
import type { Line } from './job-log.ts';
import classes from './log.module.css';

const clock = new Intl.DateTimeFormat(undefined, {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
  hourCycle: 'h23',
});

/** The name of a class in the sheet. A piece's classes are made by the reader of escape sequences, from a fixed set. */
const classNames = (names: string) =>
  names === ''
    ? undefined
    : names
        .split(' ')
        .map((name) => classes[name] ?? '')
        .join(' ');

/** What a program printed, as text. */
export const LineText = memo(function LineText({ line, wanted }: { readonly line: Line; readonly wanted: string }) {
  const pieces = withMarks(withLinks(parseLine(line.text)), wanted);
  return (
    <span className={line.style === undefined ? undefined : classes[line.style]}>
      {pieces.map(({ text, classes: names, href, isMatch }, at) => {
        const className = [classNames(names), isMatch === true ? classes['match'] : undefined]
          .filter(Boolean)
          .join(' ');
        if (href === undefined) {
          return className === '' ? (
            text
          ) : (
            <span key={at} className={className}>
              {text}
            </span>
          );
        }
        return (
          <span key={at}>
            <a
              href={href}
              target="_blank"
              rel="noreferrer noopener nofollow"
              title={href}
              tabIndex={-1}
              className={`${classes['link']} ${className}`}
            >
              {text}
            </a>
            {goesElsewhere(text, href) ? (
              <span className={classes['goes']}> [{visibleText(new URL(href).host)}]</span>
            ) : null}
          </span>
        );
      })}
      {line.cut === undefined ? null : (
        <span className={classes['goes']}> … {line.cut} characters more in the file</span>
      )}
    </span>
  );
});

/** A link whose text is not its address says where it goes. */
const goesElsewhere = (text: string, href: string) => !href.startsWith(text.trim()) || text.trim().length < 8;

export const timeText = (time: Line['time']): string => {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? '' : clock.format(date);
};

/** The title of a group, without what programs colour. */
export const groupTitle = (text: string): string => visibleText(plainText(text));
