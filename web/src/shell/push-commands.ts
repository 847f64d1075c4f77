export type PushPlace = {
  readonly cloneUrl: string;
  readonly defaultBranch: string;
  /** Where the server is reached. */
  readonly origin: string;
};

/** What somebody types on their machine: sign in, push what is there, begin anew. Nothing here comes from outside but names that the server allows. */
export function pushCommands({ cloneUrl, defaultBranch, origin }: PushPlace): readonly [string, string, string] {
  return [
    `sallyport login ${origin}`,
    `git remote add origin ${cloneUrl}\ngit push -u origin HEAD:${defaultBranch}`,
    [
      `git init -b ${defaultBranch} && mkdir -p .github/workflows`,
      `printf 'on: push\\njobs:\\n  hello:\\n    runs-on: ubuntu-latest\\n    steps:\\n      - run: echo hello\\n' > .github/workflows/ci.yml`,
      'git add . && git commit -m "Say hello"',
      `git remote add origin ${cloneUrl}`,
      `git push -u origin ${defaultBranch}`,
    ].join('\n'),
  ];
}
