import unittest

from app.totals import total


class TotalTest(unittest.TestCase):
    def test_sums(self):
        self.assertEqual(total([1, 2, 3]), 6)


if __name__ == "__main__":
    unittest.main()
