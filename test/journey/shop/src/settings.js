module.exports = {
  region: 'eu-central-1',
  github: '@@SECRET:github@@', // PLANT[secret]
  slack: '@@SECRET:slack@@', // PLANT[secret]
};
