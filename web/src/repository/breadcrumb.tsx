import { Anchor, Text } from '@mantine/core';
import { Fragment } from 'react';
import { Link } from 'react-router';
import { PlainText } from '../shell/code.tsx';
import { useRepositoryPath } from '../shell/repository-frame.tsx';
import { treePath } from './addresses.ts';

/** The folders above a file, each a link. */
export function Breadcrumb({ refName, path }: { readonly refName: string; readonly path: string }) {
  const place = useRepositoryPath();
  const parts = path === '' ? [] : path.split('/');
  return (
    <nav aria-label="Path">
      <Text component="span" className="sp-mono">
        <Anchor component={Link} to={treePath(place, refName)} inherit>
          {place.name}
        </Anchor>
        {parts.map((part, at) => (
          <Fragment key={parts.slice(0, at + 1).join('/')}>
            <span> / </span>
            {at === parts.length - 1 ? (
              <bdi aria-current="page">
                <PlainText text={part} />
              </bdi>
            ) : (
              <Anchor component={Link} to={treePath(place, refName, parts.slice(0, at + 1).join('/'))} inherit>
                <bdi>
                  <PlainText text={part} />
                </bdi>
              </Anchor>
            )}
          </Fragment>
        ))}
      </Text>
    </nav>
  );
}
