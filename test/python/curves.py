# How do points of secp256k1 and P-256 add, multiply and stand as bytes? Public values only: nothing here hides timing.

from verdict import Inconsistent

# A point is (x, y), or None for the identity. Jacobian (X, Y, Z) stands for (X/Z^2, Y/Z^3), the identity has Z = 0.
IDENTITY = (1, 1, 0)


class Curve:
    """y^2 = x^3 + a*x + b over the integers mod p, p = 3 mod 4, of prime order with cofactor 1."""

    def __init__(self, p, a, b, order, x, y):
        self.p, self.a, self.b, self.order = p, a % p, b, order
        self.generator = (x, y)
        if p % 4 != 3 or not self.has(x, y):
            raise ValueError("curve constants")

    def has(self, x, y):
        return (y * y - (x * x * x + self.a * x + self.b)) % self.p == 0

    def decode(self, data, where):
        """33 bytes, 02 or 03 first, x below p, on the curve; the identity has no encoding."""
        if len(data) != 33 or data[0] not in (2, 3):
            raise Inconsistent("no point: " + where)
        p, x = self.p, int.from_bytes(data[1:], "big")
        if x >= p:
            raise Inconsistent("no point: " + where)
        y = pow(x * x * x + self.a * x + self.b, (p + 1) // 4, p)
        if not self.has(x, y):
            raise Inconsistent("no point: " + where)
        return (x, y if y & 1 == data[0] & 1 else p - y)

    @staticmethod
    def encode(point):
        if point is None:
            raise Inconsistent("the identity where a point must be")
        return bytes([2 + (point[1] & 1)]) + point[0].to_bytes(32, "big")

    def double(self, point):
        X, Y, Z = point
        p = self.p
        if Z == 0 or Y == 0:
            return IDENTITY
        YY = Y * Y % p
        S = 4 * X * YY % p
        M = 3 * X * X
        if self.a:
            ZZ = Z * Z % p
            M += self.a * ZZ * ZZ
        M %= p
        X3 = (M * M - 2 * S) % p
        return (X3, (M * (S - X3) - 8 * YY * YY) % p, 2 * Y * Z % p)

    def add(self, point, other):
        """A Jacobian point and an affine one."""
        if other is None:
            return point
        X, Y, Z = point
        x, y = other
        if Z == 0:
            return (x, y, 1)
        p = self.p
        ZZ = Z * Z % p
        H = (x * ZZ - X) % p
        R = (y * ZZ * Z - Y) % p
        if H == 0:
            return self.double(point) if R == 0 else IDENTITY
        HH = H * H % p
        HHH = H * HH % p
        V = X * HH % p
        X3 = (R * R - HHH - 2 * V) % p
        return (X3, (R * (V - X3) - Y * HHH) % p, Z * H % p)

    def affine(self, points):
        """Many Jacobian points as affine ones, for one inversion."""
        p = self.p
        products, product = [], 1
        for _, _, Z in points:
            products.append(product)
            if Z:
                product = product * Z % p
        inverse = pow(product, p - 2, p)
        out = [None] * len(points)
        for i in range(len(points) - 1, -1, -1):
            X, Y, Z = points[i]
            if Z:
                z = inverse * products[i] % p
                inverse = inverse * Z % p
                zz = z * z % p
                out[i] = (X * zz % p, Y * zz * z % p)
        return out

    def one(self, point):
        return self.affine([point])[0]

    def sum(self, *points):
        """The sum of affine points, affine."""
        total = IDENTITY
        for point in points:
            total = self.add(total, point)
        return self.one(total)

    def negate(self, point):
        return None if point is None else (point[0], -point[1] % self.p)

    def multiply(self, point, scalar):
        """scalar*point, Jacobian, for a point that is multiplied once."""
        result = IDENTITY
        for bit in bin(scalar)[2:]:
            result = self.double(result)
            if bit == "1":
                result = self.add(result, point)
        return result


class Table:
    """The multiples of one point that make each of its further multiplications a row of additions."""

    def __init__(self, curve, point, window):
        self.curve, self.window = curve, window
        bases, base = [], (point[0], point[1], 1)
        for _ in range(0, 256, window):
            bases.append(base)
            for _ in range(window):
                base = curve.double(base)
        multiples = []
        for base in curve.affine(bases):
            multiple = IDENTITY
            for _ in range((1 << window) - 1):
                multiple = curve.add(multiple, base)
                multiples.append(multiple)
        flat = curve.affine(multiples)
        width = (1 << window) - 1
        self.rows = [[None] + flat[i : i + width] for i in range(0, len(flat), width)]

    def multiply(self, scalar):
        """scalar*point, Jacobian."""
        result, add, mask = IDENTITY, self.curve.add, (1 << self.window) - 1
        for row in self.rows:
            digit = scalar & mask
            if digit:
                result = add(result, row[digit])
            scalar >>= self.window
        return result


SECP256K1 = Curve(
    p=2**256 - 2**32 - 977,
    a=0,
    b=7,
    order=0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141,
    x=0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    y=0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)

P256 = Curve(
    p=2**256 - 2**224 + 2**192 + 2**96 - 1,
    a=-3,
    b=0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    order=0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    x=0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    y=0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)
