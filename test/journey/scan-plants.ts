/** A flaw that lies in the sample on purpose: any of the classes (a rule or a CWE) at that line answers it. */
export type Plant = { readonly file: string; readonly line?: number; readonly classes: readonly string[] };

/** Flaws of files that can't carry a mark: a Dockerfile has no comments at the end of a line, a lockfile none at all. */
export const UNMARKED: readonly Plant[] = [
  { file: 'Dockerfile', line: 1, classes: ['docker-base-latest'] },
  { file: 'Dockerfile', line: 1, classes: ['docker-user-missing'] },
  { file: 'Dockerfile', line: 2, classes: ['798', '522', '312', '538'] },
  { file: 'Dockerfile', line: 4, classes: ['docker-add-for-copy'] },
  { file: 'Dockerfile', line: 5, classes: ['docker-curl-insecure'] },
  { file: 'Dockerfile', line: 5, classes: ['docker-download-piped'] },
  { file: 'package-lock.json', classes: ['vulnerable-package'] },
  { file: 'requirements.txt', classes: ['vulnerable-package'] },
];

const MARK = / *(?:\/\/|#) PLANT\[([^\]]+)\]/;

/** Takes the marks out of a text, and tells what they marked. `CWE-89|some-rule`: either answers. */
export function readMarks(file: string, text: string): { readonly text: string; readonly plants: readonly Plant[] } {
  const plants: Plant[] = [];
  const lines = text.split('\n').map((line, at) => {
    const mark = MARK.exec(line);
    if (mark === null) return line;
    const classes = (mark[1] ?? '').split('|').map((name) => name.replace(/^CWE-/, ''));
    plants.push({ file, line: at + 1, classes });
    return line.replace(MARK, '');
  });
  return { text: lines.join('\n'), plants };
}
