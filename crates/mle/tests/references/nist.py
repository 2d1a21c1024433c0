"""Collects NIST's Statistical Reference Datasets into the JSON files that the tests read.

Source: https://www.itl.nist.gov/div898/strd/ (a work of the United States government, in the public domain).
usage: nist.py FOLDER_OF_DAT_FILES OUTPUT_FOLDER

FOLDER holds NIST's own `.dat` files, and PiDigits.csv in place of the file of that name. Models are written in the notation
of our formulas, starting values and certified ones are read from the files' heads.
"""

import json
import pathlib
import re
import sys

NONLINEAR = {
    "Misra1a": "b1*(1-exp(-b2*x))",
    "Chwirut2": "exp(-b1*x)/(b2+b3*x)",
    "Chwirut1": "exp(-b1*x)/(b2+b3*x)",
    "Lanczos3": "b1*exp(-b2*x)+b3*exp(-b4*x)+b5*exp(-b6*x)",
    "Gauss1": "b1*exp(-b2*x)+b3*exp(-(x-b4)**2/b5**2)+b6*exp(-(x-b7)**2/b8**2)",
    "Gauss2": "b1*exp(-b2*x)+b3*exp(-(x-b4)**2/b5**2)+b6*exp(-(x-b7)**2/b8**2)",
    "DanWood": "b1*x**b2",
    "Misra1b": "b1*(1-(1+b2*x/2)**(-2))",
    "Kirby2": "(b1+b2*x+b3*x**2)/(1+b4*x+b5*x**2)",
    "Hahn1": "(b1+b2*x+b3*x**2+b4*x**3)/(1+b5*x+b6*x**2+b7*x**3)",
    "Nelson": "b1-b2*x1*exp(-b3*x2)",
    "MGH17": "b1+b2*exp(-x*b4)+b3*exp(-x*b5)",
    "Lanczos1": "b1*exp(-b2*x)+b3*exp(-b4*x)+b5*exp(-b6*x)",
    "Lanczos2": "b1*exp(-b2*x)+b3*exp(-b4*x)+b5*exp(-b6*x)",
    "Gauss3": "b1*exp(-b2*x)+b3*exp(-(x-b4)**2/b5**2)+b6*exp(-(x-b7)**2/b8**2)",
    "Misra1c": "b1*(1-(1+2*b2*x)**(-0.5))",
    "Misra1d": "b1*b2*x*(1+b2*x)**(-1)",
    "Roszman1": "b1-b2*x-atan(b3/(x-b4))/pi",
    "ENSO": "b1+b2*cos(2*pi*x/12)+b3*sin(2*pi*x/12)+b5*cos(2*pi*x/b4)+b6*sin(2*pi*x/b4)"
    "+b8*cos(2*pi*x/b7)+b9*sin(2*pi*x/b7)",
    "MGH09": "b1*(x**2+x*b2)/(x**2+x*b3+b4)",
    "Thurber": "(b1+b2*x+b3*x**2+b4*x**3)/(1+b5*x+b6*x**2+b7*x**3)",
    "BoxBOD": "b1*(1-exp(-b2*x))",
    "Rat42": "b1/(1+exp(b2-b3*x))",
    "MGH10": "b1*exp(b2/(x+b3))",
    "Eckerle4": "(b1/b2)*exp(-0.5*((x-b3)/b2)**2)",
    "Rat43": "b1/(1+exp(b2-b3*x))**(1/b4)",
    "Bennett5": "b1*(b2+x)**(-1/b3)",
}
# The powers of x; Longley has six predictors and a constant.
LINEAR = {
    "Norris": [0, 1],
    "Pontius": [0, 1, 2],
    "NoInt1": [1],
    "NoInt2": [1],
    "Filip": list(range(11)),
    "Longley": None,
    "Wampler1": list(range(6)),
    "Wampler2": list(range(6)),
    "Wampler3": list(range(6)),
    "Wampler4": list(range(6)),
    "Wampler5": list(range(6)),
}
UNIVARIATE = ["PiDigits", "Lottery", "Lew", "Mavro", "Michelso", "NumAcc1", "NumAcc2", "NumAcc3", "NumAcc4"]
NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[EeDd][-+]?\d+)?"
# The data's part of the file of pi's digits is in a table of its own; the certified values are NIST's.
PI_DIGITS = {"mean": 4.53480000000000, "sd": 2.86733906028871, "autocorrelation": -0.355099287237972e-02}


def numbers(line):
    return [float(n.replace("D", "E")) for n in re.findall(NUMBER, line)]


def rows(text):
    """The rows of numbers that end the file; the line before them begins with `Data`."""
    start = [m.end() for m in re.finditer(r"^Data[^\n]*\n", text, re.MULTILINE)][-1]
    return [r for r in map(numbers, text[start:].splitlines()) if r]


def after(text, label):
    return numbers(re.search(re.escape(label) + r"[^\n]*?(?::|Deviation|\s{4})\s*(" + NUMBER + ")", text).group(1))[0]


def nonlinear(name, text):
    parameters = []
    for line in re.findall(r"^\s*b\d+\s*=.*$", text, re.MULTILINE):
        label, values = line.split("=")
        start1, start2, certified, error = numbers(values)
        parameters.append({"name": label.strip(), "starts": [start1, start2], "certified": certified, "std_error": error})
    data = rows(text)
    columns = ["y", "x"] if len(data[0]) == 2 else ["y", "x1", "x2"]
    return {
        "model": NONLINEAR[name],
        "response": "log(y)" if name == "Nelson" else "y",
        "parameters": parameters,
        "rss": after(text, "Residual Sum of Squares"),
        "columns": {c: [r[i] for r in data] for i, c in enumerate(columns)},
    }


def linear(name, text):
    parameters = []
    for line in re.findall(r"^\s*B\d+\s+[-\d.].*$", text, re.MULTILINE):
        values = numbers(re.sub(r"^\s*B\d+", "", line))
        parameters.append({"estimate": values[0], "std_error": values[1]})
    residual = re.search(r"Standard Deviation\s+(" + NUMBER + ")", text).group(1)
    data = rows(text)
    return {
        "powers": LINEAR[name],
        "parameters": parameters,
        "residual_std": float(residual),
        "y": [r[0] for r in data],
        "x": [r[1:] for r in data],
    }


def univariate(name, folder):
    if name == "PiDigits":
        lines = (folder / "PiDigits.csv").read_text().split()
        return {**PI_DIGITS, "y": [float(v) for v in lines if re.fullmatch(NUMBER, v)]}
    text = (folder / f"{name}.dat").read_text()
    read = lambda label: float(re.search(label + r"[^\n]*:\s*(" + NUMBER + ")", text).group(1))
    start = [m.end() for m in re.finditer(r"^(?:Data:? *[Yy]?|-{5,}) *\n", text, re.MULTILINE)][-1]
    y = [v for line in text[start:].splitlines() for v in numbers(line)]
    return {
        "mean": read("Sample Mean"),
        "sd": read("Sample Standard Deviation"),
        "autocorrelation": read("Sample Autocorrelation Coefficient"),
        "y": y,
    }


def main():
    source, target = map(pathlib.Path, sys.argv[1:])
    text = lambda name: (source / f"{name}.dat").read_text()
    files = {
        "nonlinear": {n: nonlinear(n, text(n)) for n in NONLINEAR},
        "linear": {n: linear(n, text(n)) for n in LINEAR},
        "univariate": {n: univariate(n, source) for n in UNIVARIATE},
    }
    for name, content in files.items():
        lines = ",\n".join(f"  {json.dumps(k)}: {json.dumps(v)}" for k, v in content.items())
        (target / f"{name}.json").write_text("{\n" + lines + "\n}\n")


main()
