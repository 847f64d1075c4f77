import { Alert, Anchor, Button, Group, SegmentedControl, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useEffect, useState } from 'react';
import { Link, useLocation, useNavigate, useParams } from 'react-router';
import { type Of, useRead } from '../shell/api.ts';
import { Answer } from '../shell/answer.tsx';
import { Code } from '../shell/code.tsx';
import { Copy } from '../shell/copy.tsx';
import { formats } from '../shell/format.ts';
import { hasHidden } from '../shell/hidden-text.ts';
import { languageOf } from '../shell/language.ts';
import { PageFrame } from '../shell/page.tsx';
import { useRepositoryPath } from '../shell/repository-frame.tsx';
import { blobPath, commitsPath, hashOf, rangeOf, rawPath } from './addresses.ts';
import { Breadcrumb } from './breadcrumb.tsx';
import { MarkdownFile } from './readme.tsx';
import { RefSwitcher } from './ref-switcher.tsx';

/** One file: its text in colours with links to lines, or what can be done with it when it is none. */
export function Page() {
  const params = useParams();
  const refName = params['ref'] ?? '';
  const path = params['*'] ?? '';
  const place = useRepositoryPath();
  const blob = useRead('/api/v1/repositories/{owner}/{name}/blob', {
    params: { path: place, query: { revision: refName, path } },
  });
  return (
    <PageFrame title={`${path} · ${place.owner}/${place.name}`} heading={path} isPlain>
      <Group gap="sm">
        <RefSwitcher current={refName} to={(ref) => blobPath(place, ref, path)} />
        <Breadcrumb refName={refName} path={path} />
      </Group>
      <Answer of={blob}>{(data) => <File key={data.oid} blob={data} refName={refName} path={path} />}</Answer>
    </PageFrame>
  );
}

type FileProps = { readonly blob: Of<'Blob'>; readonly refName: string; readonly path: string };

function File({ blob, refName, path }: FileProps) {
  const place = useRepositoryPath();
  const isMarkdown = /\.(?:md|markdown)$/i.test(path) && blob.text !== undefined;
  const { hash } = useLocation();
  const [view, setView] = useState(isMarkdown && hash === '' ? 'text' : 'code');
  const lines = blob.text === undefined ? undefined : blob.text.replace(/\n$/, '').split('\n').length;
  return (
    <Stack gap="sm">
      {blob.text !== undefined && hasHidden(blob.text) ? <HiddenWarning /> : null}
      <section className="sp-panel" aria-label={path}>
        <Group className="sp-row sp-bar" justify="space-between">
          <Text size="sm" c="dimmed">
            {lines === undefined ? null : `${formats.plural(lines, { one: '# line', other: '# lines' })}, `}
            {formats.bytes(blob.bytes)}
            {blob.mode === '100755' ? ', executable' : ''}
          </Text>
          <Group gap="xs">
            {isMarkdown ? (
              <SegmentedControl
                size="xs"
                aria-label="View"
                value={view}
                onChange={setView}
                data={[
                  { value: 'text', label: 'Preview' },
                  { value: 'code', label: 'Code' },
                ]}
              />
            ) : null}
            {blob.text === undefined || view === 'text' ? null : <GoToLine />}
            {blob.text === undefined ? null : <Copy text={blob.text} />}
            <Button component="a" size="compact-xs" variant="default" href={rawPath(place, refName, path)}>
              Raw
            </Button>
            <Button component={Link} size="compact-xs" variant="default" to={commitsPath(place, refName, path)}>
              History
            </Button>
          </Group>
        </Group>
        <Content blob={blob} refName={refName} path={path} isRendered={isMarkdown && view === 'text'} />
      </section>
    </Stack>
  );
}

function Content({ blob, refName, path, isRendered }: FileProps & { readonly isRendered: boolean }) {
  const place = useRepositoryPath();
  const raw = rawPath(place, refName, path);
  if (blob.text !== undefined && isRendered) {
    return (
      <div className="sp-body">
        <MarkdownFile text={blob.text} path={path} refName={refName} />
      </div>
    );
  }
  if (blob.text !== undefined) return <Source text={blob.text} path={path} />;
  if (/\.(?:png|jpe?g|gif|webp)$/i.test(path)) {
    return (
      <div className="sp-body">
        <img src={raw} alt={`Content of ${path}`} className="sp-picture" />
      </div>
    );
  }
  return (
    <div className="sp-body">
      <Text>
        {blob.kind === 'large'
          ? 'It is too large to be shown here. '
          : 'It is no text, or not in UTF-8, so there is nothing to show. '}
        <Anchor href={raw}>Keep it as a file</Anchor>, or clone the repository.
      </Text>
    </div>
  );
}

function Source({ text, path }: { readonly text: string; readonly path: string }) {
  const { hash } = useLocation();
  const navigate = useNavigate();
  const marked = rangeOf(hash);
  const from = marked?.from;
  useEffect(() => {
    if (from !== undefined) document.getElementById(`L${from}`)?.scrollIntoView({ block: 'center' });
  }, [from]);
  const onLine = (line: number, extend: boolean) => {
    const range =
      extend && marked !== undefined
        ? { from: Math.min(marked.from, line), to: Math.max(marked.from, line) }
        : { from: line, to: line };
    void navigate({ hash: hashOf(range) }, { replace: true, preventScrollReset: true });
  };
  return <Code text={text} language={languageOf(path)} label={`Content of ${path}`} marked={marked} onLine={onLine} />;
}

/** The links of lines by keyboard: `12` or `12-20`. */
function GoToLine() {
  const navigate = useNavigate();
  const [text, setText] = useState('');
  const range = rangeOf(`#L${text.trim()}`);
  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    if (range !== undefined) void navigate({ hash: hashOf(range) }, { replace: true, preventScrollReset: true });
  };
  return (
    <form onSubmit={onSubmit}>
      <TextInput
        size="xs"
        w={110}
        placeholder="Line, or 3-9"
        aria-label="Go to line or lines"
        value={text}
        onChange={({ currentTarget }) => setText(currentTarget.value)}
        {...(text !== '' && range === undefined ? { error: true } : {})}
      />
    </form>
  );
}

const HiddenWarning = () => (
  <Alert color="yellow" title="This file has characters that are not seen">
    They can make it read differently from what a machine does. Each is shown as its number, in a box.
  </Alert>
);
