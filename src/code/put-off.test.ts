import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type Match, viewOf } from '../finding/index.ts';
import { createCodeScanner } from './scanner.ts';

const scanner = await createCodeScanner();

type Files = { readonly [path: string]: string };

/** Looks at all files, or only at those that are asked for. Also says which ones were never looked at. */
function scan(
  files: Files,
  mayPutOff: boolean,
): { readonly found: readonly string[]; readonly left: readonly string[] } {
  const facts = new Map<string, NonNullable<ReturnType<typeof scanner.scanFile>['facts']>>();
  const matches: Match[] = [];
  const left = new Set<string>();
  const look = (path: string, may: boolean) => {
    const text = files[path] ?? '';
    if (!scanner.wants(path, text.length)) return;
    const outcome = scanner.scanFile(viewOf(path, text), { mayPutOff: may });
    matches.push(...outcome.matches);
    facts.delete(path);
    if (outcome.facts !== undefined) facts.set(path, outcome.facts);
    if (outcome.isPutOff === true) left.add(path);
    else left.delete(path);
  };
  const sorted = () => new Map([...facts].sort(([a], [b]) => (a < b ? -1 : 1)));
  for (const path of Object.keys(files).sort()) look(path, mayPutOff);
  for (;;) {
    const demands = scanner.demands?.(sorted()) ?? [];
    if (demands.length === 0) break;
    for (const path of demands) look(path, false);
  }
  matches.push(...(scanner.finish?.(sorted()).matches ?? []));
  return { found: matches.map((match) => JSON.stringify(match)).sort(), left: [...left].sort() };
}

const CONTROLLER = `package app.web;
import app.store.Users;
import javax.servlet.http.HttpServletRequest;
public class Pages {
  private final Users users = new Users();
  public Object page(HttpServletRequest request) throws Exception { return users.find(request.getParameter("id")); }
}`;
const STORE = `package app.store;
import java.sql.*;
public class Users {
  private Connection connection;
  public Object find(String id) throws SQLException { return connection.createStatement().executeQuery("select * from users where id = '" + id + "'"); }
}`;
const OTHER = `package app.text;
public class Words { public String join(String a, String b) { return a + b; } }`;

describe('files that only hand on', () => {
  test('are looked at when a value gets there, and the others are not', () => {
    const files = { 'app/web/Pages.java': CONTROLLER, 'app/store/Users.java': STORE, 'app/text/Words.java': OTHER };

    const { found, left } = scan(files, true);

    expect(left).toEqual(['app/text/Words.java']);
    expect(found.join()).toContain('"java-sql-injection"');
    expect(found).toEqual(scan(files, false).found);
  });

  test('are looked at when they call what gives a value from outside', () => {
    const files = {
      'app/web/Input.java': `package app.web;
import javax.servlet.http.HttpServletRequest;
public class Input {
  public static String userId(HttpServletRequest request) { return request.getParameter("id"); }
}`,
      'app/web/Use.java': `package app.web;
import app.store.Users;
public class Use {
  Object run(Object it) throws Exception { return new Users().find(Input.userId(null)); }
}`,
      'app/store/Users.java': STORE,
      'app/text/Words.java': OTHER,
    };

    const { found, left } = scan(files, true);

    expect(left).toEqual(['app/text/Words.java']);
    expect(found.join()).toContain('"java-sql-injection"');
    expect(found).toEqual(scan(files, false).found);
  });

  test('are looked at when they implement what is called', () => {
    const files = {
      'app/web/Pages.java': CONTROLLER.replaceAll('new Users()', 'null'),
      'app/store/Users.java': 'package app.store;\npublic interface Users { Object find(String id) throws Exception; }',
      'app/store/SqlUsers.java': STORE.replace('class Users', 'class SqlUsers implements Users'),
    };

    const { found, left } = scan(files, true);

    expect(left).toEqual([]);
    expect(found.join()).toContain('"java-sql-injection"');
    expect(found).toEqual(scan(files, false).found);
  });

  test('of Go are looked at by package', () => {
    const files = {
      'web/web.go':
        'package web\n\nimport (\n\t"net/http"\n\n\t"example.org/app/store"\n)\n\nfunc page(w http.ResponseWriter, r *http.Request) {\n\tstore.Find(r.FormValue("id"))\n}\n',
      'store/store.go':
        'package store\n\nimport "database/sql"\n\nvar db *sql.DB\n\nfunc Find(id string) {\n\tdb.Query("select * from users where id = \'" + id + "\'")\n}\n',
      'store/other.go': 'package store\n\nfunc join(a, b string) string {\n\treturn a + b\n}\n',
    };

    const { found, left } = scan(files, true);

    expect(left).toEqual(['store/other.go']);
    expect(found.join()).toContain('"go-sql-injection"');
    expect(found).toEqual(scan(files, false).found);
  });

  test('stay out of sight when nothing comes in', () => {
    expect(scan({ 'app/store/Users.java': STORE, 'app/text/Words.java': OTHER }, true).left).toHaveLength(2);
  });

  test.each([
    ['a name in pieces', 'class A { String DB_PASS_WORD = "kX9!vq2Lw7"; }'],
    ['a letter by its number', 'class A { Object x = java.security.MessageDig\\u0065st.getInstance("MD5"); }'],
  ])('are looked at at once with %s', (_, text) => {
    expect(scan({ 'A.java': text }, true).left).toEqual([]);
  });

  test('nothing is lost in the corpus', () => {
    const root = new URL('../../test/corpus/code-java-go/', import.meta.url).pathname;
    const files: { [path: string]: string } = {};
    for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile()) files[path.slice(root.length)] = readFileSync(path, 'utf8');
    }

    expect(scan(files, true).found).toEqual(scan(files, false).found);
  });
});
