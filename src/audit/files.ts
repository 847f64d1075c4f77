/** What a file is to the auditor, by its path. `yaml`: it may be a workflow at an unusual place. */
export type FileKind =
  | 'workflow'
  | 'action'
  | 'dependabot'
  | 'pre-commit'
  | 'lock'
  | 'gitlab'
  | 'circleci'
  | 'azure'
  | 'jenkins'
  | 'yaml';

export function kindOfFile(path: string): FileKind | undefined {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const lower = name.toLowerCase();
  if (/(?:^|\/)\.github\/workflows\/actions\.lock$/.test(path)) return 'lock';
  if (lower === 'jenkinsfile' || lower.startsWith('jenkinsfile.') || lower.endsWith('.jenkinsfile')) return 'jenkins';
  if (!lower.endsWith('.yml') && !lower.endsWith('.yaml')) return undefined;
  if (/(?:^|\/)\.(?:github|gitea|forgejo)\/workflows\/[^/]+$/.test(path)) return 'workflow';
  if (lower === 'action.yml' || lower === 'action.yaml') return 'action';
  if (/(?:^|\/)\.github\/dependabot\.ya?ml$/.test(path)) return 'dependabot';
  if (/^\.pre-commit-(?:config|hooks)\.ya?ml$/.test(lower)) return 'pre-commit';
  if (/\.?gitlab-ci[\w.-]*\.ya?ml$/.test(lower) || /(?:^|\/)\.gitlab\/(?:ci|ci-templates|pipelines)\//.test(path))
    return 'gitlab';
  if (/(?:^|\/)\.circleci\//.test(path)) return 'circleci';
  if (
    /^\.?azure-pipelines?[\w.-]*\.ya?ml$|^azure[-_]?pipelines?[\w.-]*\.ya?ml$/.test(lower) ||
    /(?:^|\/)\.?azure-?pipelines?\/|(?:^|\/)\.azuredevops\//i.test(path)
  )
    return 'azure';
  return 'yaml';
}
