import type { Fix } from '../finding/index.ts';
import { headOf } from './condition.ts';
import { policyOf, policyOfDocument, type Statement, statementsOf } from './policy.ts';
import { none } from './report.ts';
import { addressOf, type Declared, type TerraformModule } from './terraform-module.ts';
import { report, resources, type TerraformCheck, within } from './terraform-report.ts';
import { type Entry, entryOf, itemsOf, textOf, type Tree, valueAt } from './tree.ts';

type PolicyUse = { readonly declared: Declared; readonly entry: Entry; readonly statement: Statement };

/** Where a policy stands in each type of resource. */
function* policies(module: TerraformModule, keys: readonly string[], types: RegExp): Iterable<PolicyUse> {
  for (const declared of resources(module)) {
    if (!types.test(declared.type)) continue;
    const holders: readonly Tree[] = [declared.tree, ...itemsOf(valueAt(declared.tree, 'inline_policy'))];
    for (const holder of holders) {
      for (const key of keys) {
        const entry = entryOf(holder, key);
        if (entry === undefined) continue;
        for (const statement of statementsOf(policyOf(entry.value))) yield { declared, entry, statement };
      }
    }
  }
}

const IDENTITY =
  /^aws_(?:iam_(?:policy|role_policy|user_policy|group_policy|role)|ssoadmin_permission_set_inline_policy)$/;

export const iamWildcard: TerraformCheck = function* (module) {
  for (const { declared, entry, statement } of policies(module, ['policy', 'inline_policy'], IDENTITY)) {
    if (!isAdmin(statement) || isDocument(entry)) continue;
    yield report(declared, within(entry, statement.actionEntry), {
      message: `${addressOf(declared)} allows every action on every resource.`,
      fix: NARROW,
    });
  }
  for (const declared of module.declared) {
    if (declared.type !== 'aws_iam_policy_document') continue;
    for (const statement of documentStatements(declared)) {
      if (isAdmin(statement))
        yield report(declared, statement.actionEntry ?? headOf(statement.tree), {
          message: `${addressOf(declared)} allows every action on every resource.`,
          fix: NARROW,
        });
    }
  }
};

const NARROW: Fix = none(
  'What it is used for is not known here.',
  'List the actions and the resources that are needed.',
);

/** A data source is judged where it stands. */
function isDocument(entry: Entry): boolean {
  return entry.value.kind === 'map' && entry.value.isDocument === true;
}

function documentStatements(declared: Declared): readonly Statement[] {
  return statementsOf(policyOfDocument(declared.tree));
}

function isAdmin(statement: Statement): boolean {
  return (
    statement.isAllow &&
    !statement.hasPrincipals &&
    !statement.hasCondition &&
    statement.actions.includes('*') &&
    statement.resources.includes('*')
  );
}

/** Actions by which one gives oneself more rights, or reads everything, when they are not bound to a resource. */
const ESCALATING =
  /^(?:iam:(?:\*|PassRole|CreatePolicyVersion|SetDefaultPolicyVersion|Attach\w+Policy|Put\w+Policy|CreateAccessKey|CreateLoginProfile|UpdateLoginProfile|UpdateAssumeRolePolicy|AddUserToGroup)|sts:(?:\*|AssumeRole)|s3:\*|ec2:\*|kms:\*|secretsmanager:(?:\*|GetSecretValue)|lambda:\*|dynamodb:\*|rds:\*|sqs:\*|sns:\*|ssm:\*|cloudformation:\*|organizations:\*)$/i;

export const iamServiceWildcard: TerraformCheck = function* (module) {
  const isBroad = (statement: Statement) =>
    statement.isAllow &&
    !statement.hasPrincipals &&
    !statement.hasCondition &&
    statement.resources.includes('*') &&
    !statement.actions.includes('*') &&
    statement.actions.some((action) => ESCALATING.test(action));
  const say = (declared: Declared, statement: Statement) =>
    `${addressOf(declared)} allows ${statement.actions.find((action) => ESCALATING.test(action)) ?? ''} on every resource.`;
  for (const { declared, entry, statement } of policies(module, ['policy', 'inline_policy'], IDENTITY)) {
    if (isBroad(statement) && !isDocument(entry))
      yield report(declared, within(entry, statement.actionEntry), { message: say(declared, statement), fix: NARROW });
  }
  for (const declared of module.declared) {
    if (declared.type !== 'aws_iam_policy_document') continue;
    for (const statement of documentStatements(declared))
      if (isBroad(statement))
        yield report(declared, statement.actionEntry ?? headOf(statement.tree), {
          message: say(declared, statement),
          fix: NARROW,
        });
  }
};

const isAnyone = (statement: Statement) =>
  statement.isAllow &&
  statement.principals.some((principal) => principal === '*' || principal === 'arn:aws:iam::*:root') &&
  !statement.hasCondition;

export const assumeAnyone: TerraformCheck = function* (module) {
  for (const { declared, entry, statement } of policies(module, ['assume_role_policy'], /^aws_iam_role$/)) {
    if (isAnyone(statement))
      yield report(declared, within(entry, statement.principalEntry), {
        message: `${addressOf(declared)} can be assumed by every account of AWS.`,
        fix: none('Who has to assume it is not known here.', 'Name the accounts, roles or services.'),
      });
  }
};

const SHARED =
  /^aws_(?:s3_bucket|s3_bucket_policy|sqs_queue|sqs_queue_policy|sns_topic|sns_topic_policy|ecr_repository_policy|kms_key|kms_key_policy|secretsmanager_secret|secretsmanager_secret_policy|efs_file_system_policy|glacier_vault|backup_vault_policy|elasticsearch_domain|elasticsearch_domain_policy|opensearch_domain|opensearch_domain_policy|lambda_layer_version_permission|media_store_container_policy|api_gateway_rest_api_policy|iot_policy|cloudwatch_log_resource_policy|glue_resource_policy)$/;

export const policyAnyone: TerraformCheck = function* (module) {
  for (const { declared, entry, statement } of policies(
    module,
    ['policy', 'access_policies', 'access_policy'],
    SHARED,
  )) {
    if (!isAnyone(statement)) continue;
    yield report(declared, within(entry, statement.principalEntry), {
      message: `${addressOf(declared)} is open to everyone: the principal is * and no condition narrows it.`,
      fix: none(
        'Who has to reach it is not known here.',
        'Name the accounts, or add a condition on the organisation, the network or the source.',
      ),
    });
  }
};

export const lambdaAnyone: TerraformCheck = function* (module) {
  for (const declared of resources(module, 'aws_lambda_permission')) {
    const entry = entryOf(declared.tree, 'principal');
    const text = textOf(entry?.value);
    if (entry === undefined || text === undefined) continue;
    const isBound = [
      'source_arn',
      'source_account',
      'principal_org_id',
      'function_url_auth_type',
      'event_source_token',
    ].some((key) => entryOf(declared.tree, key) !== undefined);
    if (
      isBound ||
      (text !== '*' &&
        !/^(?:s3|sns|events|apigateway|logs|ses|config|iot|cloudformation|elasticloadbalancing)\.amazonaws\.com$/.test(
          text,
        ))
    )
      continue;
    yield report(declared, entry, {
      message: `${addressOf(declared)} lets ${text === '*' ? 'everyone' : `${text} on behalf of any account`} call the function.`,
      fix: none('Who calls it is not known here.', 'Name the source with source_arn (and source_account for buckets).'),
    });
  }
};
