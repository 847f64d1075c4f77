import { describe, expect, test } from 'vitest';
import { type Edit, scanFiles } from '../finding/index.ts';
import { createCodeScanner } from './index.ts';

const scanner = await createCodeScanner();

function apply(text: string, edits: readonly Edit[]): string {
  return [...edits]
    .sort((a, b) => b.start - a.start || b.end - a.end)
    .reduce((changed, { start, end, text: other }) => changed.slice(0, start) + other + changed.slice(end), text);
}

/** The text with the fix of its injection; undefined when there is none. What is fixed must not be found again. */
function fixed(file: string, text: string): string | undefined {
  const sql = () => scanFiles(scanner, { [file]: text }).findings.filter(({ cwe }) => cwe === 89);
  const [finding] = sql();

  expect(finding).toBeDefined();

  if (finding?.fix.kind !== 'edit') return undefined;
  const after = apply(text, finding.fix.edits);

  expect(scanFiles(scanner, { [file]: after }).findings.filter(({ cwe }) => cwe === 89)).toEqual([]);

  return after;
}

const java = (...lines: readonly string[]) =>
  `import java.sql.*;\nimport javax.servlet.http.*;\nclass Shop extends HttpServlet {\n  Connection shop;\n  org.springframework.jdbc.core.JdbcTemplate jdbc;\n  public void doGet(HttpServletRequest request, HttpServletResponse response) throws Exception {\n    String name = request.getParameter("name");\n${lines.map((line) => `    ${line}\n`).join('')}  }\n}\n`;

describe('statements of Java', () => {
  test.each([
    [
      'a statement that is opened and run in one block',
      [
        'Statement st = shop.createStatement();',
        `ResultSet rows = st.executeQuery("select 1 from t where n = '" + name + "'");`,
      ],
      [
        'PreparedStatement st = shop.prepareStatement("select 1 from t where n = ?");',
        'st.setObject(1, name);',
        'ResultSet rows = st.executeQuery();',
      ],
    ],
    [
      'a statement in a variable',
      [
        'Statement st = shop.createStatement();',
        `String sql = "delete from t where n = '" + name + "'";`,
        'st.executeUpdate(sql);',
        'st.close();',
      ],
      [
        'String sql = "delete from t where n = ?";',
        'PreparedStatement st = shop.prepareStatement(sql);',
        'st.setObject(1, name);',
        'st.executeUpdate();',
        'st.close();',
      ],
    ],
    [
      'one that is prepared of a sum',
      [
        `PreparedStatement ps = shop.prepareStatement("select 1 from t where n = '" + name + "' and m = 2");`,
        'ps.executeQuery();',
      ],
      [
        'PreparedStatement ps = shop.prepareStatement("select 1 from t where n = ? and m = 2");',
        'ps.setObject(1, name);',
        'ps.executeQuery();',
      ],
    ],
    [
      'a resource',
      [
        `try (PreparedStatement ps = shop.prepareStatement("select 1 from t where n = '" + name + "'")) {`,
        '  ps.executeQuery();',
        '}',
      ],
      [
        'try (PreparedStatement ps = shop.prepareStatement("select 1 from t where n = ?")) {',
        '  ps.setObject(1, name);',
        '  ps.executeQuery();',
        '}',
      ],
    ],
    [
      'a template of Spring',
      [`String m = jdbc.queryForObject("select m from t where n = '" + name + "'", String.class);`],
      ['String m = jdbc.queryForObject("select m from t where n = ?", String.class, name);'],
    ],
    [
      'a formatted one',
      [`jdbc.update(String.format("delete from t where n = '%s'", name));`],
      ['jdbc.update("delete from t where n = ?", name);'],
    ],
  ])('%s', (_, before, after) => {
    expect(fixed('Shop.java', java(...before))).toBe(java(...after));
  });

  test.each([
    ['a name of a table', ['Statement st = shop.createStatement();', 'st.executeQuery("select 1 from " + name);']],
    [
      'a pattern',
      ['Statement st = shop.createStatement();', `st.executeQuery("select 1 from t where n like '%" + name + "%'");`],
    ],
    [
      'a statement that is used twice',
      [
        'Statement st = shop.createStatement();',
        'st.setMaxRows(2);',
        `st.executeQuery("select 1 from t where n = '" + name + "'");`,
      ],
    ],
    [
      'one that is opened in another block',
      [
        'Statement st = shop.createStatement();',
        `if (name != null) { st.executeQuery("select 1 from t where n = '" + name + "'"); }`,
      ],
    ],
    [
      'one that is run without a block',
      [
        'Statement st = shop.createStatement();',
        `if (name != null) st.executeQuery("select 1 from t where n = '" + name + "'");`,
      ],
    ],
    [
      'several resources',
      [
        `try (PreparedStatement ps = shop.prepareStatement("select 1 from t where n = '" + name + "'"); ResultSet r = ps.executeQuery()) {`,
        '}',
      ],
    ],
    [
      'a value that changes before',
      [
        'Statement st = shop.createStatement();',
        `String sql = "select 1 from t where n = '" + name + "'";`,
        'name = "x";',
        'st.executeQuery(sql);',
      ],
    ],
  ])('%s is left to a person', (_, lines) => {
    expect(fixed('Shop.java', java(...lines))).toBeUndefined();
  });
});

const go = (driver: string, more: string, line: string) =>
  `package main\n\nimport (\n\t"database/sql"\n${more}\t"net/http"\n\n\t_ "${driver}"\n)\n\nvar db *sql.DB\n\nfunc find(w http.ResponseWriter, r *http.Request) {\n\tname := r.FormValue("name")\n\t${line}\n}\n`;

describe('statements of Go', () => {
  test.each([
    [
      go('github.com/lib/pq', '', `db.Query("select 1 from t where n = '" + name + "'")`),
      go('github.com/lib/pq', '', 'db.Query("select 1 from t where n = $1", name)'),
    ],
    [
      go(
        'github.com/go-sql-driver/mysql',
        '\t"fmt"\n',
        `db.QueryContext(r.Context(), fmt.Sprintf("select 1 from t where n = '%s'", name))`,
      ),
      go('github.com/go-sql-driver/mysql', '', 'db.QueryContext(r.Context(), "select 1 from t where n = ?", name)'),
    ],
  ])('%s', (before, after) => {
    expect(fixed('main.go', before)).toBe(after);
  });

  test.each([
    ['a driver that is not known', 'example.com/driver', `db.Query("select 1 from t where n = '" + name + "'")`],
    [
      'parameters that are there',
      'github.com/lib/pq',
      `db.Query("select 1 from t where m = $1 and n = '" + name + "'", 3)`,
    ],
    ['a name of a table', 'github.com/lib/pq', 'db.Query("select 1 from " + name)'],
  ])('%s: it is left to a person', (_, driver, line) => {
    expect(fixed('main.go', go(driver, '', line))).toBeUndefined();
  });
});
