import { ROLES } from '../../libs/protocol/src/access.ts';
import { holdersOf, PERMISSIONS, type Permission } from '../../libs/core/src/access/permissions.ts';
import { PERMISSION_TEXTS } from './permission-texts.ts';
import { ROUTE_RULES, type RouteRule } from './route-rules.ts';

const BEGIN = (name: string) => `<!-- ${name}: written by tools/write-permissions.ts -->`;
const END = '<!-- end -->';

/** The page with its two tables as the code has them; what stands around them stays. Throws when a table has no place. */
export function permissionsPage(before: string): string {
  const tables = { permissions: permissionTable(), routes: routeTable() };
  return Object.entries(tables).reduce((page, [name, rows]) => {
    const [begin, end] = [page.indexOf(BEGIN(name)), page.indexOf(END, page.indexOf(BEGIN(name)))];
    if (begin < 0 || end < 0) throw new Error(`docs/permissions.md has no place for the table "${name}"`);
    return `${page.slice(0, begin)}${BEGIN(name)}\n\n${markdownTable(rows)}\n\n${page.slice(end)}`;
  }, before);
}

function permissionTable(): readonly (readonly string[])[] {
  const names = Object.keys(PERMISSIONS) as Permission[];
  const columns = [...ROLES, 'owner'];
  const rows = names.map((name) => [
    name,
    PERMISSION_TEXTS[name],
    ...columns.map((holder) => (holdersOf(name).includes(holder) ? 'yes' : 'no')),
  ]);
  return [['permission', 'what it covers', ...columns], ...rows];
}

function routeTable(): readonly (readonly string[])[] {
  const rows = Object.entries(ROUTE_RULES).map(([route, rule]) => [
    `\`${route}\``,
    rule.needs,
    holdersText(rule),
    rule.also ?? '',
  ]);
  return [['route', 'needs', 'who', 'and'], ...rows];
}

function holdersText({ needs, about }: RouteRule): string {
  if (needs === 'any key' || needs === 'no key') return 'everybody';
  return holdersOf(needs)
    .map((holder) => (holder === 'owner' ? `owner of the ${about ?? 'thing'}` : holder))
    .join(', ');
}

/** As prettier writes tables. */
function markdownTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length), 3));
  const lines = rows.map((row) => `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`);
  return [lines[0], `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...lines.slice(1)].join('\n');
}
