/**
 * Owns: a runner that works for a server: joining, asking for jobs, holding their leases, sending logs and outcomes, and the server's
 * side of a job's gateway.
 * Never: runs a job itself (that comes in as a value), goes on with one whose lease it can't keep, lets the job's token into a sandbox.
 */
export { type Connection, type ConnectionOptions, openConnection } from './connection.ts';
export { joinServer, type JoinRequest, readMembership, type Membership } from './join.ts';
export { type RemoteDeps, type RemoteJob, type RemoteRunner, startRemoteRunner } from './work.ts';
export { remoteCommits } from './commits.ts';
export { gatewayServer } from './gateway-server.ts';
export { remoteResults } from './results.ts';
