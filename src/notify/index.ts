/**
 * Owns: what goes out of the server of its own accord: webhooks, chat messages and mail, with the outbox they wait in; what a feed and a
 * badge say.
 * Never: dials an address that it did not check, follows a redirect, tells a person of what they may not read, forgets a message at a crash.
 */
export { type BadgeState, renderBadge } from './badge.ts';
export { createDialer, type Dialer, type DialerOptions } from './dial.ts';
export { type DeliveryOptions, forgetDeliveries, startDeliveries } from './deliver.ts';
export { emit, type EmitDeps, type RepositoryFacts, type RunFacts } from './emit.ts';
export { renderFeed } from './feed.ts';
export { type Delivery, listDeliveries, replayDelivery, viewDelivery } from './history.ts';
export {
  createHook,
  type Hook,
  HOOK_EVENTS,
  type HookDeps,
  HOOKS_MAX,
  listHooks,
  pingHook,
  removeHook,
  renewSecret,
  updateHook,
} from './hooks.ts';
export { createMailer, type Mailer, type SmtpSettings } from './mail.ts';
export {
  confirmAddress,
  type Contact,
  contactOf,
  isWatching,
  removeContact,
  setContact,
  setRules,
  setWatching,
} from './people.ts';
export { type Sealer, sealerOf } from './seal.ts';
export { hasPublicBadge, setPublicBadge } from './settings.ts';
export { notifyMigrations, type NotifyTables } from './tables.ts';
