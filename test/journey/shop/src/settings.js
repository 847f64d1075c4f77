module.exports = {
  region: 'eu-central-1',
  github: '{{github:ghp_}}', // PLANT[CWE-798]
  slack: 'xoxb-{{digits:12}}-{{digits:12}}-{{base62:24}}', // PLANT[CWE-798]
};
