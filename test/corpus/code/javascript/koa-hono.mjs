import { exec } from 'node:child_process';
import Koa from 'koa';
import Router from '@koa/router';
import { Hono } from 'hono';
import Fastify from 'fastify';
import sqlite3 from 'sqlite3';

const db = new sqlite3.Database('a.db');
const koa = new Koa();
const router = new Router();
router.get('/a', async (ctx) => {
  db.all(`SELECT * FROM t WHERE a = '${ctx.query.a}'`);
  db.all('SELECT * FROM t WHERE a = ?', ctx.query.a);
  ctx.redirect(ctx.query.to);
});
koa.use(router.routes());

const hono = new Hono();
hono.get('/b', (c) => {
  exec('ls ' + c.req.query('b'));
  return c.html('<p>' + c.req.param('b') + '</p>');
});
hono.get('/c', (c) => c.json({ b: c.req.query('b') }));

const fastify = Fastify();
fastify.get('/d', async (request, reply) => {
  exec(`ls ${request.query.folder}`);
  exec('ls');
  return reply.send({ ok: true });
});
