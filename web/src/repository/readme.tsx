import { lazy, Suspense } from 'react';
import { useRead } from '../shell/api.ts';
import { relativePath } from '../shell/markdown-addresses.ts';
import { useRepositoryPath } from '../shell/repository-frame.tsx';
import { RowsSkeleton } from '../shell/skeletons.tsx';
import { blobPath, rawPath } from './addresses.ts';

const Markdown = lazy(async () => ({ default: (await import('../shell/markdown.tsx')).Markdown }));

/** The name of a folder's README, or nothing. */
export function readmeOf(names: readonly string[]): string | undefined {
  const wanted = ['readme.md', 'readme.markdown', 'readme', 'readme.txt'];
  return wanted.flatMap((name) => names.find((one) => one.toLowerCase() === name) ?? []).at(0);
}

/** A README below the files of its folder. */
export function Readme({
  refName,
  folder,
  name,
}: {
  readonly refName: string;
  readonly folder: string;
  readonly name: string;
}) {
  const place = useRepositoryPath();
  const path = folder === '' ? name : `${folder}/${name}`;
  const blob = useRead('/api/v1/repositories/{owner}/{name}/blob', {
    params: { path: place, query: { revision: refName, path } },
  });
  if (blob.isPending) return <RowsSkeleton rows={3} />;
  if (blob.data?.text === undefined) return null;
  return (
    <section className="sp-panel" aria-label={name}>
      <div className="sp-row sp-mono">{name}</div>
      <div className="sp-body">
        <Suspense fallback={<RowsSkeleton rows={3} />}>
          <MarkdownFile text={blob.data.text} path={path} refName={refName} />
        </Suspense>
      </div>
    </section>
  );
}

type MarkdownFileProps = { readonly text: string; readonly path: string; readonly refName: string };

/** A Markdown file of a repository: its relative links lead to the files of the same branch. */
export function MarkdownFile({ text, path, refName }: MarkdownFileProps) {
  const place = useRepositoryPath();
  const folder = path.split('/').slice(0, -1).join('/');
  if (!/\.(?:md|markdown)$/i.test(path)) return <pre className="sp-plain">{text}</pre>;
  return (
    <Markdown
      text={text}
      resolveLink={(href) => {
        const target = relativePath(folder, href);
        return target === undefined ? undefined : blobPath(place, refName, target.path) + target.hash;
      }}
      resolveImage={(source) => {
        const target = relativePath(folder, source);
        return target === undefined ? undefined : rawPath(place, refName, target.path);
      }}
    />
  );
}
