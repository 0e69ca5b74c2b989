"""figure.py - a marimo notebook with one figure. Open with: marimo run figure.py"""

import marimo

app = marimo.App()


@app.cell
def _():
    import anywidget
    import marimo as mo
    import traitlets

    class Figure(anywidget.AnyWidget):
        _esm = "https://jielong.example/jielong-anywidget.js"
        figure = traitlets.Unicode("attention").tag(sync=True)
        head = traitlets.Int(5).tag(sync=True)

    mo.ui.anywidget(Figure(head=2))
    return


if __name__ == "__main__":
    app.run()
