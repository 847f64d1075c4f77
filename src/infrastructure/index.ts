/**
 * Owns: flaws in files that describe infrastructure: Dockerfiles, Compose, manifests of Kubernetes, Terraform. Its own reader of
 * HCL, the rules of conditions, and the edits that mend them.
 * Never: opens a file, asks a registry or a cloud, judges a value that is known only when it runs.
 */
export { createInfrastructureScanner, type InfrastructureFacts, type InfrastructureSettings } from './scanner.ts';
