"""Maxima of likelihoods by Newton's method in as many digits as mpmath is set to."""

import mpmath as mp


def maximum(likelihood, start):
    """The root of the score, the inverse of the observed information there, and the value: Newton's method with damping.

    Derivatives are mpmath's differences at the working precision.
    """
    p = [mp.mpf(s) for s in start]
    k = len(p)
    # Steps below half of the digits are followed by none that could be seen; values differ by rounding sooner.
    small, rounding = mp.mpf(10) ** int(-0.55 * mp.mp.dps), mp.mpf(10) ** int(-0.625 * mp.mp.dps)

    def derivative(orders):
        return mp.diff(lambda *a: likelihood(*a), tuple(p), orders)

    unit = lambda *places: tuple(places.count(i) for i in range(k))
    for _ in range(200):
        g = mp.matrix([derivative(unit(i)) for i in range(k)])
        h = mp.matrix(k, k)
        for i in range(k):
            for j in range(i + 1):
                h[i, j] = h[j, i] = derivative(unit(i, j))
        # Uphill also where the Hessian is not definite: eigenvalues are taken by their absolute values.
        values, vectors = mp.eigsy(h)
        along = vectors.T * g
        step = vectors * mp.matrix([along[i] / abs(values[i]) for i in range(k)])
        here, share = likelihood(*p), mp.mpf(1)
        while share > 1e-10:
            trial = [p[i] + share * step[i] for i in range(k)]
            try:
                there = likelihood(*trial)
                if mp.im(there) == 0 and there >= here - rounding:
                    break
            except (ValueError, ZeroDivisionError, TypeError):
                pass
            share /= 2
        p = trial
        if max(abs(step[i]) / max(abs(p[i]), mp.mpf("1e-3")) for i in range(k)) < small:
            break
    else:
        raise RuntimeError("no convergence")
    values, _ = mp.eigsy(h)
    if max(values) >= 0:
        raise RuntimeError(f"not a maximum: eigenvalues {values}")
    return p, (-h) ** -1, likelihood(*p)


def shown(values):
    return [float(mp.nstr(v, 20)) for v in values]


def errors(inverse):
    return shown([mp.sqrt(inverse[i, i]) for i in range(inverse.rows)])
