import { policyOf } from './policy.ts';
import { none } from './report.ts';
import { hasKnownSecret, isSecretName, isSecretValue } from './secret-value.ts';
import { addressOf, type Declared, type TerraformModule } from './terraform-module.ts';
import { report, resources, type TerraformCheck, within } from './terraform-report.ts';
import {
  type Entry,
  entryOf,
  isScalar,
  itemsOf,
  type MapTree,
  partialTextOf,
  textOf,
  type Tree,
  valueAt,
} from './tree.ts';

/** Keys under which a cloud wants the secret itself. */
const SECRET_ATTRIBUTE =
  /^(?:(?:master_|admin(?:istrator)?_(?:login_)?|root_|db_|user_)?password|secret_(?:string|key|binary)|client_secret|auth_token|access_key|private_key|api_key|token|admin_ssh_password|primary_key|sas_token|connection_string)$/;

export const plainPassword: TerraformCheck = function* (module) {
  for (const declared of module.declared) {
    if (
      !['resource', 'module', 'provider'].includes(declared.category) ||
      /^(?:random_|null_|template_)/.test(declared.type)
    )
      continue;
    for (const { entry, name } of attributes(declared.tree, [])) {
      const text = textOf(entry.value);
      if (text === undefined || entry.value.isDerived === true) continue;
      const isNamed = SECRET_ATTRIBUTE.test(entry.key) && isSecretValue(entry.key, text);
      const isKey =
        declared.category === 'provider' &&
        (entry.key === 'access_key' || entry.key === 'secret_key') &&
        isSecretValue('password', text) &&
        !/^(?:test|mock|fake|dummy|local)/i.test(text);
      if (
        !isKey &&
        !isNamed &&
        !(hasKnownSecret(text) && text.length < 5_000 && !/user_data|^content$/.test(entry.key))
      )
        continue;
      if (isInEnvironment(name)) continue;
      yield report(declared, entry, {
        message: `${addressOf(declared)} has the secret of ${entry.key} written in the file; it also ends in the state.`,
        evidence: `${entry.key} = [secret]`,
        identity: name.join('.'),
        fix: none(
          'The value must be made invalid and kept elsewhere.',
          'Rotate it; read it from a secret store, or let the provider make it.',
        ),
      });
    }
  }
};

const isInEnvironment = (path: readonly string[]) =>
  path.some((key) => key === 'environment' || key === 'environment_variables' || key === 'app_settings');

function* attributes(
  tree: Tree,
  path: readonly string[],
): Iterable<{ readonly entry: Entry; readonly name: readonly string[] }> {
  for (const one of itemsOf(tree)) {
    if (one.kind !== 'map') continue;
    for (const entry of one.entries) {
      const name = [...path, entry.key];
      if (entry.value.kind === 'map' || entry.value.kind === 'list') yield* attributes(entry.value, name);
      else yield { entry, name };
    }
  }
}

export const environmentSecret: TerraformCheck = function* (module) {
  for (const declared of resources(module)) {
    const maps: readonly (Tree | undefined)[] = [
      valueAt(declared.tree, 'environment', 'variables'),
      valueAt(declared.tree, 'environment_variables'),
      valueAt(declared.tree, 'app_settings'),
      valueAt(declared.tree, 'environment', 'environment_variables'),
    ];
    for (const map of maps) {
      for (const entry of map?.kind === 'map' ? map.entries : []) {
        const text = textOf(entry.value);
        if (
          text === undefined ||
          !((isSecretName(entry.key) && isSecretValue(entry.key, text)) || hasKnownSecret(text))
        )
          continue;
        yield report(declared, entry, {
          message: `${addressOf(declared)} has the secret ${entry.key} written in its environment.`,
          evidence: `${entry.key} = [secret]`,
          identity: entry.key,
          fix: none(
            'The value must be made invalid and kept elsewhere.',
            'Rotate it; read it from a secret store at run time.',
          ),
        });
      }
    }
  }
};

export const userDataSecret: TerraformCheck = function* (module) {
  for (const declared of resources(module)) {
    for (const key of ['user_data', 'user_data_base64', 'custom_data', 'metadata_startup_script']) {
      const entry = entryOf(declared.tree, key);
      const text = partialTextOf(entry?.value);
      if (entry === undefined || text === undefined) continue;
      const assigned = [
        ...text.slice(0, 20_000).matchAll(/^\s*(?:export\s+)?(\w{1,100})=["']?([^\s"']{1,500})/gm),
      ].some(([, name = '', value = '']) => isSecretName(name) && isSecretValue(name, value));
      if (!assigned && !hasKnownSecret(text)) continue;
      yield report(
        declared,
        { start: entry.start, end: entry.keyEnd },
        {
          message: `${addressOf(declared)} has a secret in ${key}, which every process of the machine can read.`,
          evidence: `${key} = [secret]`,
          fix: none(
            'The value must be made invalid and kept elsewhere.',
            'Rotate it; let the machine fetch it with its role.',
          ),
        },
      );
    }
  }
};

export const variableSecret: TerraformCheck = function* (module) {
  for (const declared of module.declared) {
    if (declared.category !== 'variable' || !isSecretName(declared.name)) continue;
    const entry = entryOf(declared.tree, 'default');
    const text = textOf(entry?.value);
    if (entry === undefined || text === undefined || !isSecretValue(declared.name, text)) continue;
    yield report(declared, entry, {
      message: `The variable ${declared.name} has a secret as its default.`,
      evidence: 'default = [secret]',
      fix: none(
        'The value must be made invalid and kept elsewhere.',
        'Rotate it; leave the default out and mark the variable sensitive.',
      ),
    });
  }
};

export const containerDefinitions: TerraformCheck = function* (module) {
  for (const { declared, container, entry } of ecsContainers(module)) {
    const privileged = entryOf(container, 'privileged');
    if (privileged !== undefined && isScalar(privileged.value, true))
      yield report(declared, within(entry, privileged), {
        message: `${addressOf(declared)} runs a container with all rights on the host.`,
        fix: none('What it needs is not known here.', 'Leave privileged out; give single capabilities.'),
      });
  }
};

export const ecsSecret: TerraformCheck = function* (module) {
  for (const { declared, container, entry } of ecsContainers(module)) {
    for (const variable of itemsOf(valueAt(container, 'environment'))) {
      const name = textOf(valueAt(variable, 'name'));
      const value = entryOf(variable, 'value');
      const text = textOf(value?.value);
      if (
        name === undefined ||
        text === undefined ||
        !((isSecretName(name) && isSecretValue(name, text)) || hasKnownSecret(text))
      )
        continue;
      yield report(declared, within(entry, value), {
        message: `${addressOf(declared)} has the secret ${name} written in its environment.`,
        evidence: `${name}: [secret]`,
        identity: name,
        fix: none(
          'The value must be made invalid and kept elsewhere.',
          'Rotate it; name it in secrets with valueFrom.',
        ),
      });
    }
  }
};

function* ecsContainers(
  module: TerraformModule,
): Iterable<{ readonly declared: Declared; readonly container: MapTree; readonly entry: Entry }> {
  for (const declared of resources(module, 'aws_ecs_task_definition')) {
    const entry = entryOf(declared.tree, 'container_definitions');
    if (entry === undefined) continue;
    const tree = entry.value.kind === 'list' ? entry.value : policyOf(entry.value);
    for (const container of itemsOf(tree)) if (container.kind === 'map') yield { declared, container, entry };
  }
}
