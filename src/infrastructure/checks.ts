import { COMPOSE_CHECKS } from './compose.ts';
import * as docker from './docker-checks.ts';
import * as dockerRun from './docker-run-checks.ts';
import * as object from './kubernetes-object-checks.ts';
import * as pod from './kubernetes-pod-checks.ts';
import * as volume from './kubernetes-volume-checks.ts';
import * as bucket from './terraform-bucket-checks.ts';
import * as config from './terraform-config-checks.ts';
import * as network from './terraform-network-checks.ts';
import * as policy from './terraform-policy-checks.ts';
import type { TerraformCheck } from './terraform-report.ts';
import * as secret from './terraform-secret-checks.ts';

/** The checks in code by the names that rules give them in `check:`. */
export const DOCKER: { readonly [name: string]: docker.DockerCheck } = {
  'user-root': docker.userRoot,
  'user-missing': docker.userMissing,
  'base-latest': docker.baseLatest,
  'base-not-pinned': docker.baseNotPinned,
  'add-url': docker.addUrl,
  'add-for-copy': docker.addForCopy,
  'env-secret': docker.envSecret,
  'arg-secret': docker.argSecret,
  'copy-secret': docker.copySecret,
  'expose-ssh': docker.exposeSsh,
  'healthcheck-missing': docker.healthcheckMissing,
  'workdir-relative': docker.workdirRelative,
  maintainer: docker.maintainer,
  'repeated-start': docker.repeatedStart,
  'shell-form': docker.shellForm,
  'chmod-on-copy': docker.chmodOnCopy,
  'download-piped': dockerRun.downloadPiped,
  sudo: dockerRun.sudo,
  'apt-not-cleaned': dockerRun.aptNotCleaned,
  'system-upgrade': dockerRun.systemUpgrade,
  'update-alone': dockerRun.updateAlone,
  'packages-unpinned': dockerRun.packagesUnpinned,
  'chmod-world': dockerRun.chmodWorld,
  setuid: dockerRun.setuid,
  'tls-off': dockerRun.tlsOff,
  'password-in-command': dockerRun.passwordInCommand,
  'insecure-run': dockerRun.insecureRun,
};

export const POD: { readonly [name: string]: pod.PodCheck } = {
  'privilege-escalation': pod.privilegeEscalation,
  'run-as-non-root': pod.runAsNonRoot,
  'run-as-root': pod.runAsRoot,
  'capability-dangerous': pod.capabilityDangerous,
  'capability-added': pod.capabilityAdded,
  'capabilities-not-dropped': pod.capabilitiesNotDropped,
  'seccomp-missing': pod.seccompMissing,
  'seccomp-unconfined': pod.seccompUnconfined,
  apparmor: pod.apparmor,
  selinux: pod.selinux,
  sysctls: pod.sysctls,
  'volume-type': volume.volumeType,
  'host-path-sensitive': volume.hostPathSensitive,
  'host-path': volume.hostPath,
  'image-latest': pod.imageLatest,
  'image-not-pinned': pod.imageNotPinned,
  'env-secret': pod.envSecret,
  'command-secret': pod.commandSecret,
};

export const OBJECT: { readonly [name: string]: object.ObjectCheck } = {
  'rbac-wildcard': object.rbacWildcard,
  'rbac-secrets': object.rbacSecrets,
  'rbac-escalation': object.rbacEscalation,
  'rbac-exec': object.rbacExec,
  'rbac-create-pods': object.rbacCreatePods,
  'rbac-cluster-admin': object.rbacClusterAdmin,
  'rbac-anyone': object.rbacAnyone,
  'rbac-default-account': object.rbacDefaultAccount,
  'ingress-without-tls': object.ingressWithoutTls,
  'service-open': object.serviceOpen,
  'service-external-ips': object.serviceExternalIps,
  'secret-in-manifest': object.secretInManifest,
  'config-map-secret': object.configMapSecret,
};

export const COMPOSE = COMPOSE_CHECKS;

export const TERRAFORM: { readonly [name: string]: TerraformCheck } = {
  'open-all': network.openAll,
  'open-guarded': network.openGuarded,
  'open-other': network.openOther,
  'egress-open': network.egressOpen,
  'open-acl': network.openAcl,
  'azure-open': network.azureOpen,
  'google-open': network.googleOpen,
  'google-public-member': network.googlePublicMember,
  'iam-wildcard': policy.iamWildcard,
  'iam-service-wildcard': policy.iamServiceWildcard,
  'assume-anyone': policy.assumeAnyone,
  'policy-anyone': policy.policyAnyone,
  'lambda-anyone': policy.lambdaAnyone,
  'bucket-public-block-missing': bucket.bucketPublicBlockMissing,
  'bucket-versioning-missing': bucket.bucketVersioningMissing,
  'bucket-logging-missing': bucket.bucketLoggingMissing,
  'plain-password': secret.plainPassword,
  'environment-secret': secret.environmentSecret,
  'user-data-secret': secret.userDataSecret,
  'variable-secret': secret.variableSecret,
  'ecs-privileged': secret.containerDefinitions,
  'ecs-secret': secret.ecsSecret,
  'module-unpinned': config.moduleUnpinned,
  'provisioner-injection': config.provisionerInjection,
  'providers-unpinned': config.providersUnpinned,
  'backend-plain': config.backendPlain,
};

/** What only the whole tree of files shows; `scanner.ts` and `tree-checks.ts` look after them. */
export const TREE_CHECKS: ReadonlySet<string> = new Set([
  'no-dockerignore',
  'network-policy-missing',
  'state-committed',
]);
