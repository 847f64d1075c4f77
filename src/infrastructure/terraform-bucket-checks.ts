import type { Fix } from '../finding/index.ts';
import { headOf } from './condition.ts';
import { none } from './report.ts';
import { addressOf, type Declared, givenNameOf, type TerraformModule } from './terraform-module.ts';
import { report, resources, type TerraformCheck } from './terraform-report.ts';
import { entryOf, isScalar, textOf, valueAt } from './tree.ts';

/** The resources of a type that speak of a bucket, by a reference or by its name; or of something that is not known. */
function companions(module: TerraformModule, bucket: Declared, type: string): readonly Declared[] {
  const address = addressOf(bucket);
  const name = givenNameOf(bucket, 'bucket');
  return resources(module, type).filter((one) => {
    const value = entryOf(one.tree, 'bucket')?.value;
    if (value?.kind === 'unknown')
      return (
        (value.refs ?? []).some((ref) => ref === address || ref.startsWith(`${address}.`)) ||
        !(value.refs ?? []).some((ref) => ref.startsWith('aws_s3_bucket.'))
      );
    return name !== undefined && textOf(value) === name;
  });
}

export const bucketPublicBlockMissing: TerraformCheck = function* (module) {
  for (const bucket of resources(module, 'aws_s3_bucket')) {
    if (companions(module, bucket, 'aws_s3_bucket_public_access_block').length > 0) continue;
    yield report(bucket, headOf(bucket.tree), {
      message: `${addressOf(bucket)} has no block against public access of its own.`,
      fix: companionFix(bucket, 'aws_s3_bucket_public_access_block', [
        'block_public_acls       = true',
        'block_public_policy     = true',
        'ignore_public_acls      = true',
        'restrict_public_buckets = true',
      ]),
    });
  }
};

function companionFix(bucket: Declared, type: string, lines: readonly string[]): Fix {
  const { file, tree, name } = bucket;
  if (tree.form !== 'hcl-block' || file.path.endsWith('.json'))
    return none('The file is JSON.', `Add a resource ${type} for it.`);
  const isCounted = entryOf(tree, 'count') !== undefined || entryOf(tree, 'for_each') !== undefined;
  if (isCounted) return none('There may be several of these buckets.', `Add a resource ${type} for each.`);
  const text = [
    '',
    '',
    `resource "${type}" "${name}" {`,
    `  bucket = aws_s3_bucket.${name}.id`,
    '',
    ...lines.map((line) => `  ${line}`),
    '}',
  ].join('\n');
  return { kind: 'edit', title: `Add ${type}`, edits: [{ file: file.path, start: tree.end, end: tree.end, text }] };
}

export const bucketVersioningMissing: TerraformCheck = function* (module) {
  for (const bucket of resources(module, 'aws_s3_bucket')) {
    const versioning = entryOf(bucket.tree, 'versioning');
    if (versioning !== undefined && !isScalar(valueAt(versioning.value, 'enabled'), false)) continue;
    if (versioning === undefined && companions(module, bucket, 'aws_s3_bucket_versioning').length > 0) continue;
    const span = versioning === undefined ? headOf(bucket.tree) : { start: versioning.start, end: versioning.keyEnd };
    yield report(bucket, span, {
      message: `${addressOf(bucket)} keeps no earlier versions: what is overwritten or deleted is gone.`,
      fix: none('Earlier versions cost storage.', 'Add a resource aws_s3_bucket_versioning.'),
    });
  }
};

export const bucketLoggingMissing: TerraformCheck = function* (module) {
  for (const bucket of resources(module, 'aws_s3_bucket')) {
    if (entryOf(bucket.tree, 'logging') !== undefined || companions(module, bucket, 'aws_s3_bucket_logging').length > 0)
      continue;
    if (/^log-delivery-write$/.test(textOf(valueAt(bucket.tree, 'acl')) ?? '')) continue;
    yield report(bucket, headOf(bucket.tree), {
      message: `${addressOf(bucket)} writes no log of who reached it.`,
      fix: none('Where logs are kept is not known here.', 'Add a resource aws_s3_bucket_logging.'),
    });
  }
};
