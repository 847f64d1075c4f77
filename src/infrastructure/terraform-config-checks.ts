import { none } from './report.ts';
import { report, resources, type TerraformCheck } from './terraform-report.ts';
import { addressOf } from './terraform-module.ts';
import { entryOf, itemsOf, textOf, valueAt } from './tree.ts';

export const moduleUnpinned: TerraformCheck = function* (module) {
  for (const declared of module.declared) {
    if (declared.category !== 'module') continue;
    const entry = entryOf(declared.tree, 'source');
    const text = textOf(entry?.value);
    if (entry === undefined || text === undefined || /^\.{0,2}\//.test(text) || /^[A-Za-z]:/.test(text)) continue;
    const isRemote = /^(?:git::|git@|https?:\/\/|ssh:|github\.com\/|bitbucket\.org\/|hg::|s3::|gcs::)/.test(text);
    if (
      isRemote
        ? isPinnedSource(text)
        : entryOf(declared.tree, 'version') !== undefined ||
          !/^(?:[\w.-]+\/)?[\w-]+\/[\w-]+\/[\w-]+(?:\/\/.*)?$/.test(text)
    )
      continue;
    yield report(declared, entry, {
      message: `module.${declared.name} takes whatever ${text.slice(0, 100)} is on the day of init.`,
      fix: none(
        'The version that was tested is not known here.',
        isRemote ? 'Add ?ref= with a commit or a tag.' : 'Add version = "…" with the version that was tested.',
      ),
    });
  }
};

/** Archives have their version in the name; repositories need a ref. */
function isPinnedSource(text: string): boolean {
  const ref = /[?&]ref=([^&]+)/.exec(text)?.[1];
  if (ref !== undefined) return !/^(?:main|master|develop|dev|trunk|HEAD|latest)$/.test(ref);
  return (
    /^(?:s3::|gcs::)/.test(text) ||
    (/^https?:\/\//.test(text) &&
      !/^https?:\/\/(?:github|gitlab|bitbucket)\.\w+\//.test(text) &&
      !/\.git(?:\/\/|$)/.test(text))
  );
}

export const provisionerInjection: TerraformCheck = function* (module) {
  for (const declared of resources(module)) {
    for (const provisioner of itemsOf(valueAt(declared.tree, 'provisioner'))) {
      const command = entryOf(provisioner, 'command');
      if (command?.value.kind !== 'unknown' || command.value.partial === undefined) continue;
      const ref = command.value.refs?.find(
        (one) => one.startsWith('var.') || one.startsWith('data.external') || one.startsWith('data.http'),
      );
      if (ref === undefined) continue;
      yield report(
        declared,
        { start: command.start, end: command.keyEnd },
        {
          message: `${addressOf(declared)} puts ${ref} into a command of the shell: whoever sets it runs commands.`,
          fix: none(
            'The command has to be written in another way.',
            'Hand it over in environment = { … } and quote it in the command.',
          ),
        },
      );
    }
  }
};

export const providersUnpinned: TerraformCheck = function* (module) {
  for (const declared of module.declared) {
    if (declared.category !== 'terraform') continue;
    const required = entryOf(declared.tree, 'required_providers');
    if (required?.value.kind !== 'map') continue;
    for (const entry of required.value.entries) {
      const isLoose =
        entry.value.kind === 'map'
          ? entryOf(entry.value, 'version') === undefined && entryOf(entry.value, 'source') !== undefined
          : false;
      if (!isLoose || entry.value.kind !== 'map') continue;
      yield report(
        declared,
        { start: entry.start, end: entry.keyEnd },
        {
          message: `The provider ${entry.key} has no version: init takes the newest.`,
          identity: entry.key,
          fix: none('The version that was tested is not known here.', 'Add version = "~> …".'),
        },
      );
    }
  }
};

export const backendPlain: TerraformCheck = function* (module) {
  for (const declared of module.declared) {
    if (declared.category !== 'terraform') continue;
    for (const backend of itemsOf(valueAt(declared.tree, 'backend'))) {
      const entry = entryOf(backend, 'address');
      const text = textOf(entry?.value);
      if (entry === undefined || text === undefined || !/^http:\/\/(?!localhost|127\.)/.test(text)) continue;
      yield report(declared, entry, {
        message: 'The state, with every secret in it, goes over the network in plain text.',
        fix: {
          kind: 'edit',
          title: 'Use TLS',
          edits: [
            {
              file: declared.file.path,
              start: entry.value.start,
              end: entry.value.end,
              text: JSON.stringify(text.replace(/^http:/, 'https:')),
            },
          ],
        },
      });
    }
  }
};
