import { Anchor, Typography } from '@mantine/core';
import { type ComponentProps, type ReactNode, useMemo } from 'react';
import ReactMarkdown, { type Components } from 'react-markdown';
import { Link } from 'react-router';
import remarkGfm from 'remark-gfm';
import { Tokens } from './code.tsx';
import codeClasses from './code.module.css';
import { languageNamed } from './language.ts';
import classes from './markdown.module.css';
import { ANCHOR_PREFIX, isOwnAddress, isWebAddress, slugOf } from './markdown-addresses.ts';
import { useTokens } from './use-tokens.ts';

/** Above, it is shown as plain text: parsing more takes longer than somebody waits. */
const LENGTH_MAX = 300_000;

export type MarkdownProps = {
  readonly text: string;
  /** What a link without a scheme means: an address of these pages, or nothing. */
  readonly resolveLink?: (href: string) => string | undefined;
  /** Likewise for pictures; those of other servers are never loaded. */
  readonly resolveImage?: (source: string) => string | undefined;
  /** By how much headings are lowered: the page has its own above. */
  readonly lower?: 0 | 1 | 2;
};

/**
 * Text that others wrote, in GitHub's Markdown. HTML in it is shown as the text that it is; links go to web addresses and pages only;
 * pictures come from this server only, so that nobody learns who reads.
 */
export function Markdown({ text, resolveLink, resolveImage, lower = 1 }: MarkdownProps) {
  const components = useMemo(() => componentsFor(resolveLink, resolveImage, lower), [resolveLink, resolveImage, lower]);
  if (text.length > LENGTH_MAX) return <pre className={codeClasses['block'] ?? ''}>{text}</pre>;
  return (
    <Typography className={classes['markdown'] ?? ''}>
      <ReactMarkdown remarkPlugins={PLUGINS} components={components} urlTransform={keep}>
        {text}
      </ReactMarkdown>
    </Typography>
  );
}

type MarkdownNode = { readonly type: string; readonly value?: string; children?: MarkdownNode[] };

/** Comments are for those who write the text, not for its readers. */
function withoutComments() {
  const strip = (node: MarkdownNode): void => {
    if (node.children === undefined) return;
    node.children = node.children.filter(
      ({ type, value }) => type !== 'html' || !/^\s*<!--[^]*-->\s*$/.test(value ?? ''),
    );
    for (const child of node.children) strip(child);
  };
  return strip;
}

const PLUGINS = [remarkGfm, withoutComments];
/** Each element looks at its address itself. */
const keep = (address: string) => address;

const plainOf = (node: ReactNode): string => {
  if (typeof node === 'string' || typeof node === 'number') return String(node);
  if (Array.isArray(node)) return node.map(plainOf).join('');
  if (typeof node === 'object' && node !== null && 'props' in node) {
    return plainOf((node.props as { readonly children?: ReactNode }).children);
  }
  return '';
};

function componentsFor(
  resolveLink: MarkdownProps['resolveLink'],
  resolveImage: MarkdownProps['resolveImage'],
  lower: number,
): Components {
  const heading = (level: number) => {
    const Tag = `h${Math.min(6, level + lower)}` as 'h2';
    return ({ children }: { readonly children?: ReactNode }) => (
      <Tag id={ANCHOR_PREFIX + slugOf(plainOf(children))} data-level={level}>
        {children}
      </Tag>
    );
  };
  return {
    h1: heading(1),
    h2: heading(2),
    h3: heading(3),
    h4: heading(4),
    h5: heading(5),
    h6: heading(6),
    a: ({ href = '', children }) => <TextLink href={href} resolve={resolveLink} label={children} />,
    img: ({ src, alt }) => {
      const source = typeof src === 'string' ? src : '';
      const own = isWebAddress(source) ? undefined : resolveImage?.(source);
      return own !== undefined && isOwnAddress(own) ? (
        <img src={own} alt={alt ?? ''} loading="lazy" />
      ) : (
        <TextLink
          href={source}
          resolve={undefined}
          label={`[picture: ${alt === undefined || alt === '' ? source : alt}]`}
        />
      );
    },
    input: ({ checked }) => (
      <span aria-label={checked === true ? 'done' : 'open'} role="img">
        {checked === true ? '☑' : '☐'}
      </span>
    ),
    table: ({ children }) => (
      <div className={classes['table'] ?? ''} tabIndex={0} role="group" aria-label="Table">
        <table>{children}</table>
      </div>
    ),
    pre: ({ children }) => <>{children}</>,
    code: ({ className, children }) => {
      const text = plainOf(children);
      const language = /language-([\w+-]+)/.exec(className ?? '')?.[1];
      const isBlock = language !== undefined || text.includes('\n');
      return isBlock ? <CodeBlock text={text} language={language} /> : <code>{text}</code>;
    },
  };
}

type LinkProps = { readonly href: string; readonly resolve: MarkdownProps['resolveLink']; readonly label: ReactNode };

function TextLink({ href, resolve, label }: LinkProps) {
  if (href.startsWith('#')) {
    const anchor = `#${href.startsWith('#user-content-') ? '' : ANCHOR_PREFIX}${href.slice(1).toLowerCase()}`;
    return (
      <Anchor href={anchor} inherit>
        {label}
      </Anchor>
    );
  }
  if (isWebAddress(href)) {
    return (
      <Anchor inherit href={href} rel="noopener noreferrer nofollow ugc" target="_blank">
        {label}
      </Anchor>
    );
  }
  const own = resolve?.(href);
  if (own === undefined || !isOwnAddress(own)) return <span>{label}</span>;
  return (
    <Anchor component={Link} to={own} inherit>
      {label}
    </Anchor>
  );
}

function CodeBlock({ text, language }: { readonly text: string; readonly language: string | undefined }) {
  const lines = useTokens(text.replace(/\n$/, ''), language === undefined ? undefined : languageNamed(language));
  const props: ComponentProps<'pre'> = { tabIndex: 0, role: 'group', 'aria-label': 'Code' };
  return (
    <pre className={`sp-code ${codeClasses['block'] ?? ''}`} {...props}>
      <code>
        {lines.map((tokens, at) => (
          <Tokens key={at} tokens={tokens} />
        ))}
      </code>
    </pre>
  );
}
