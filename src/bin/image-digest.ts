import { z } from 'zod';
import { excerpt, isDigest } from '../base/index.ts';
import { fault } from './faults.ts';

/** How long a registry may take for one answer. */
const ANSWER_MS_MAX = 15_000;
const TOKEN_BYTES_MAX = 64 * 1024;

/** What a registry may answer with: an index for several platforms comes first. */
const MANIFEST_TYPES = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

export type ImageName = { readonly registry: string; readonly repository: string; readonly tag: string };

/**
 * Splits `[host[:port]/]path[:tag]` as Docker does: the first part is a host when it has a dot or a colon or is `localhost`; a name
 * without a host is Docker Hub's, and one word there is in `library/`. Source: distribution/reference, normalize.go.
 */
export function parseImage(image: string): ImageName | undefined {
  const match =
    /^(?:([A-Za-z0-9][A-Za-z0-9.-]*(?::\d+)?)\/)?([a-z0-9]+(?:[._/-]+[a-z0-9]+)*)(?::([\w][\w.-]{0,127}))?$/.exec(
      image,
    );
  if (match === null) return undefined;
  const [, host, path = '', tag = 'latest'] = match;
  const isHost = host !== undefined && (/[.:]/.test(host) || host === 'localhost');
  const name = host === undefined || isHost ? path : `${host}/${path}`;
  if (isHost && host !== 'docker.io') return { registry: host, repository: name, tag };
  return { registry: 'registry-1.docker.io', repository: name.includes('/') ? name : `library/${name}`, tag };
}

/**
 * Asks a registry for the digest of an image's tag (OCI distribution specification 1.1, `GET /v2/<name>/manifests/<tag>`), as
 * anybody without an account. Plain HTTP only to this machine itself. Throws `bin/image-unknown`.
 */
export async function imageDigest(image: string, request: typeof fetch): Promise<string> {
  const name = parseImage(image);
  if (name === undefined) throw fault('image-unknown', `${excerpt(image, 100)} is not the name of an image with a tag`);
  const isLocal = /^(localhost|127\.0\.0\.1)(:\d+)?$/.test(name.registry);
  const url = `${isLocal ? 'http' : 'https'}://${name.registry}/v2/${name.repository}/manifests/${name.tag}`;
  const ask = (token?: string) =>
    request(url, {
      method: 'HEAD',
      redirect: 'error',
      headers: {
        accept: MANIFEST_TYPES.join(', '),
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      },
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
  try {
    let answer = await ask();
    if (answer.status === 401) answer = await ask(await anonymousToken(answer, name, request));
    const digest = answer.headers.get('docker-content-digest');
    if (answer.ok && digest !== null && isDigest(digest)) return digest;
    throw fault('image-unknown', `${name.registry} answers ${answer.status} for ${name.repository}:${name.tag}`);
  } catch (thrown) {
    if (thrown instanceof TypeError || (thrown instanceof DOMException && thrown.name === 'TimeoutError')) {
      throw fault('image-unknown', `${name.registry} can't be reached from here`, { cause: thrown });
    }
    throw thrown;
  }
}

/** The token service that the registry names, for pulling this repository only. */
async function anonymousToken(answer: Response, name: ImageName, request: typeof fetch): Promise<string> {
  const challenge = answer.headers.get('www-authenticate') ?? '';
  const realm = /realm="([^"]+)"/.exec(challenge)?.[1];
  const service = /service="([^"]+)"/.exec(challenge)?.[1];
  const isLocal = /^(localhost|127\.0\.0\.1)(:\d+)?$/.test(name.registry);
  if (realm === undefined || !(realm.startsWith('https://') || isLocal)) {
    throw fault('image-unknown', `${name.registry} wants a sign-in that is not known here`);
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  url.searchParams.set('scope', `repository:${name.repository}:pull`);
  const reply = await request(url, { redirect: 'error', signal: AbortSignal.timeout(ANSWER_MS_MAX) });
  const text = await boundedText(reply, TOKEN_BYTES_MAX);
  const parsed = z
    .looseObject({ token: z.string().optional(), access_token: z.string().optional() })
    .safeParse(jsonOf(text));
  const token = parsed.data?.token ?? parsed.data?.access_token;
  if (!reply.ok || token === undefined) {
    throw fault('image-unknown', `${name.registry} gives no token for ${name.repository}`);
  }
  return token;
}

async function boundedText(reply: Response, bytesMax: number): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const part of reply.body ?? []) {
    bytes += part.length;
    if (bytes > bytesMax) throw fault('image-unknown', 'the answer of a registry is too large');
    parts.push(part);
  }
  return Buffer.concat(parts).toString();
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // No JSON has no token either.
    return undefined;
  }
}
