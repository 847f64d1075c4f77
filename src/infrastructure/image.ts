/** The parts of the name of an image. */
export type ImageName = {
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
};

export function parseImage(image: string): ImageName {
  const [beforeDigest = '', digest] = image.split('@', 2);
  const slash = beforeDigest.lastIndexOf('/');
  const colon = beforeDigest.indexOf(':', slash + 1);
  return colon === -1
    ? { repository: beforeDigest, tag: undefined, digest }
    : { repository: beforeDigest.slice(0, colon), tag: beforeDigest.slice(colon + 1), digest };
}

/** No tag means `latest`. A digest settles it whatever the tag says. */
export function isLatest(image: ImageName): boolean {
  return image.digest === undefined && (image.tag === undefined || image.tag === '' || image.tag === 'latest');
}
