# SPDX-License-Identifier: MIT
"""A drawing as one self-contained SVG file: boxes, curves, words."""

from xml.sax.saxutils import escape

STYLE = """
text { font: 12px 'DejaVu Sans', Helvetica, Arial, sans-serif; fill: #1b1f24; }
.small { font-size: 10px; fill: #57606a; }
.title { font-size: 20px; font-weight: bold; }
.head { font-size: 15px; font-weight: bold; }
.level { font-size: 11px; font-weight: bold; fill: #57606a; }
.box { stroke: #57606a; stroke-width: 1; }
.edge { fill: none; stroke-width: 1.6; }
.dotted { fill: none; stroke: #8c959f; stroke-width: 1; stroke-dasharray: 2 3; }
"""


class Drawing:
    """Collects elements; coordinates are pixels, y grows downwards."""

    def __init__(self, width):
        self.width, self.height = width, 0
        self.back, self.front = [], []  # lines lie behind boxes

    def box(self, x, y, width, height, fill, *, tip="", stroke="#57606a", thick=1, dashed=False):
        """A rectangle with round corners; `tip` is shown under the pointer."""
        dash = ' stroke-dasharray="5 3"' if dashed else ""
        self.front.append(
            f'<rect class="box" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="4" fill="{fill}" '
            f'style="stroke:{stroke};stroke-width:{thick}"{dash}><title>{escape(tip)}</title></rect>'
        )
        self.height = max(self.height, y + height)

    def words(self, x, y, text, kind="", anchor="start"):
        """A line of text; `kind` is a class of the style."""
        said = f' class="{kind}"' if kind else ""
        self.front.append(f'<text x="{x:.1f}" y="{y:.1f}"{said} text-anchor="{anchor}">{escape(text)}</text>')
        self.height = max(self.height, y)

    def curve(self, x1, y1, x2, y2, colour, tip="", dotted=False):
        """A line from one box to another that leaves and arrives level."""
        bend = (x2 - x1) / 2
        kind = 'class="dotted"' if dotted else f'class="edge" stroke="{colour}"'
        self.back.append(
            f'<path {kind} d="M{x1:.1f},{y1:.1f} C{x1 + bend:.1f},{y1:.1f} {x2 - bend:.1f},{y2:.1f} {x2:.1f},{y2:.1f}">'
            f"<title>{escape(tip)}</title></path>"
        )

    def write(self, path, title):
        """The file."""
        height = self.height + 20
        with open(path, "w", encoding="utf-8") as file:
            file.write(
                '<?xml version="1.0" encoding="UTF-8"?>\n'
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{self.width:.0f}" height="{height:.0f}" '
                f'viewBox="0 0 {self.width:.0f} {height:.0f}">\n<title>{escape(title)}</title>\n<style>{STYLE}</style>\n'
                f'<rect width="100%" height="100%" fill="#ffffff"/>\n'
            )
            file.write("\n".join(self.back + self.front) + "\n</svg>\n")
