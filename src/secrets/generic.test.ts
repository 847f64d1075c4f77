import { expect, test } from 'vitest';
import { expandTemplates } from './fixture.ts';
import { createSecretsScanner } from './index.ts';
import { credentialOf } from './names.ts';

const scanner = createSecretsScanner();

function rulesIn(path: string, text: string): readonly string[] {
  return scanner.scanAdded({ path, text: expandTemplates(text, path), lines: 1 }).matches.map(({ rule }) => rule);
}

test.each([
  ['password', 'password'],
  ['DB_PASSWORD', 'password'],
  ['dbPassword2', 'password'],
  ['spring.datasource.password', 'password'],
  ['PASSWORD_PROD', 'password'],
  ['secretKeyBase', 'key'],
  ['aws-secret-access-key', 'key'],
  ['clientSecret', 'secret'],
  ['authToken', 'token'],
  ['slacktoken', 'token'],
  ['monkey', undefined],
  ['keyboard', undefined],
  ['tokenizer', undefined],
  ['passwordField', undefined],
  ['password_hash_rounds', undefined],
  ['token_type', undefined],
  ['tokenUrl', undefined],
  ['secretName', undefined],
  ['publicKey', undefined],
  ['public_key', undefined],
  ['primaryKey', undefined],
  ['cacheKey', undefined],
  ['csrfToken', undefined],
  ['nextPageToken', undefined],
  ['cancellationToken', undefined],
  ['compass', undefined],
  ['author', undefined],
  ['secretary', undefined],
])('the name %s is that of: %s', (name, credential) => {
  expect(credentialOf(name)).toBe(credential);
});

test.each([
  ['a.env', 'DB_PASSWORD={{strong}}'],
  ['a.py', "password = '{{strong}}'"],
  ['a.py', 'conn = connect(user="a", password="{{strong}}")'],
  ['a.py', "PASSWORD = os.getenv('PASSWORD', '{{strong}}')"],
  ['a.js', "const password = process.env.PW || '{{strong}}';"],
  ['a.ts', "const password: string = '{{strong}}';"],
  ['a.rs', 'const API_TOKEN: &str = "{{base62:40}}";'],
  ['a.go', 'dbPassword := "{{strong}}"'],
  ['A.java', 'source.setPassword("{{strong}}");'],
  ['A.java', 'if (password.equals("{{strong}}")) {}'],
  ['a.cs', 'client.ApiKey = "{{base62:32}}";'],
  ['a.php', "define('DB_PASSWORD', '{{strong}}');"],
  ['a.php', "'password' => '{{strong}}',"],
  ['a.rb', "password: '{{strong}}'"],
  ['a.gradle', "storePassword '{{strong}}'"],
  ['a.h', '#define WIFI_PASSWORD "{{strong}}"'],
  ['a.clj', '{:password "{{strong}}"}'],
  ['a.sql', "CREATE USER app WITH PASSWORD '{{strong}}';"],
  ['a.tf', 'variable "db_password" {\n  default = "{{strong}}"\n}'],
  ['a.yml', 'password: {{strong}}'],
  ['a.yml', '- name: DB_PASSWORD\n  value: {{strong}}'],
  ['a.yml', 'password: ${DB_PASSWORD:-{{strong}}}'],
  ['a.json', '{"apiKey": "{{base62:32}}"}'],
  ['a.ini', 'password = {{strong}}'],
  ['a.xml', '<password>{{strong}}</password>'],
  ['web.config', '<add key="SmtpPassword" value="{{strong}}" />'],
  ['Dockerfile', 'ENV API_KEY {{base62:32}}'],
  ['a.sh', 'mysql --password={{strong}} shop'],
  ['a.sh', 'docker login --password {{strong}} registry.corp.dev'],
  ['a.sh', 'curl -H "Authorization: Bearer {{base62:40}}" https://api.corp.dev'],
  ['a.py', 'url = "https://api.corp.dev/x?api_key={{base62:32}}&a=1"'],
  ['a.js', "const origin = 'https://deploy:{{strong}}@git.corp.dev/x.git';"],
])('a secret is found in %s: %s', (path, text) => {
  expect(rulesIn(path, text)).toHaveLength(1);
});

test.each([
  ['a.js', 'const password = process.env.DB_PASSWORD;'],
  ['a.js', 'const token = await getToken(user);'],
  ['a.js', "const errors = { password: 'Password is required' };"],
  ['a.js', "headers['Authorization'] = `Bearer ${token}`;"],
  ['a.js', "const tokenKey = 'app.auth.token';"],
  ['a.ts', 'interface User { password: string; apiKey?: string }'],
  ['a.ts', "enum Keys { AccessToken = 'access_token' }"],
  ['a.jsx', '<input type="password" name="password" placeholder="Enter it" />'],
  ['a.py', "headers = {'Authorization': 'Bearer ' + token}"],
  ['a.py', 'password = "changeme"'],
  ['a.py', 'API_KEY = "your-api-key-here"'],
  ['a.py', 'PASSWORD_REGEX = r"^(?=.*[A-Z]).{8,}$"'],
  ['a.py', 'hashed_password = "$2b$12${{base62:53}}"'],
  ['a.env', 'SECRET_KEY=replace-me-with-something-long'],
  ['a.env', 'GITHUB_TOKEN=ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'],
  ['a.yml', 'token: ${{ secrets.TOKEN }}'],
  ['a.yml', 'password: ENC[AES256_GCM,data:{{base62:30}},type:str]'],
  ['a.yml', 'secretKeyRef:\n  key: password'],
  ['a.yml', 'password: AgBy{{base62:300}}'],
  ['a.tf', 'password = var.db_password'],
  ['a.tf', 'secret = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db"'],
  ['A.java', 'String password = request.getParameter("password");'],
  ['a.go', 'Password string `json:"password"`'],
  ['a.go', 'flag.StringVar(&password, "password", "", "the password")'],
  ['a.sh', 'PASSWORD=$(openssl rand -base64 32)'],
  ['a.md', 'password: must contain 8 characters, 1 number'],
  ['a.md', 'postgres://user:password@localhost:5432/db'],
  ['de.json', '{"password": "Passwort", "token": "Zugriff"}'],
  ['a.xml', '<string name="password">Password</string>'],
  ['package-lock.json', '{"integrity": "sha512-{{base64:86}}==", "token": "{{base62:40}}"}'],
  ['a.js', "const url = 'http://localhost:8080/path/@scope/pkg';"],
  ['a.js', "const monkey = '{{base62:32}}';"],
  ['a.js', "const publicKey = '{{base62:44}}';"],
  ['a.pub', 'ssh-rsa {{base64:300}} me@corp.dev'],
])('what only looks like one is left alone in %s: %s', (path, text) => {
  expect(rulesIn(path, text)).toEqual([]);
});
