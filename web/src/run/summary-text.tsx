import { Anchor, Code } from '@mantine/core';
import Markdown, { type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { safeLink, visibleText } from './ansi.ts';
import classes from './run.module.css';

/** Text of one summary that is rendered; the rest is in the log. */
const CHARACTERS_MAX = 200_000;

/** Only to the web, and never with the address of this page: what is no such address is text. */
const COMPONENTS: Components = {
  a: ({ href, children }) => {
    const target = safeLink(href ?? '');
    return target === undefined ? (
      <span>{children}</span>
    ) : (
      <Anchor href={target} target="_blank" rel="noreferrer noopener nofollow" title={target} inherit>
        {children}
      </Anchor>
    );
  },
  // Nothing is loaded because a job says so: an image is a link to itself.
  img: ({ src, alt }) => {
    const target = safeLink(typeof src === 'string' ? src : '');
    const text = alt === undefined || alt === '' ? 'image' : alt;
    return target === undefined ? (
      <span>[{text}]</span>
    ) : (
      <Anchor href={target} target="_blank" rel="noreferrer noopener nofollow" title={target} inherit>
        [{text}]
      </Anchor>
    );
  },
  // The page has a heading of its own, and each part one below it.
  h1: ({ children }) => <h3>{children}</h3>,
  h2: ({ children }) => <h4>{children}</h4>,
  h3: ({ children }) => <h5>{children}</h5>,
  h4: ({ children }) => <h6>{children}</h6>,
  h5: ({ children }) => <h6>{children}</h6>,
  code: ({ children }) => <Code>{children}</Code>,
  input: ({ checked }) => <span>{checked === true ? '☑' : '☐'}</span>,
};

/** Markdown that a job wrote. Markup in it is left out. */
export function SummaryText({ markdown }: { readonly markdown: string }) {
  const text = visibleText(markdown.slice(0, CHARACTERS_MAX));
  return (
    <div className={classes['markdown']} dir="auto">
      <Markdown remarkPlugins={[remarkGfm]} skipHtml components={COMPONENTS} urlTransform={(url) => url}>
        {text}
      </Markdown>
      {markdown.length > CHARACTERS_MAX ? <p>The rest of it is in the log.</p> : null}
    </div>
  );
}
