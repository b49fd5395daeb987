// Hardhat's own node ("hardhat node"), mining by interval as its documentation shows: a block every 200 ms.
module.exports = {
  solidity: '0.8.19',
  networks: { hardhat: { mining: { auto: false, interval: 200 } } },
};
