/**
 * Says whether an account holds a permission (`secretmanager.versions.access`) on a resource, by its full name. Fakes ask it
 * before everything else they do, so a missing grant fails here first.
 */
export type Authorize = (account: string | undefined, permission: string, resource: string) => boolean;

/** Without a table everything is allowed: tests of other things need none. */
export function mayCall(
  authorize: Authorize | undefined,
  account: string | undefined,
  permission: string,
  resource: string,
): boolean {
  return authorize === undefined || authorize(account, permission, resource);
}
