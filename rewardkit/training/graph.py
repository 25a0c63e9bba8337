# SPDX-FileCopyrightText: 2026 rewardkit contributors
# SPDX-License-Identifier: Apache-2.0
"""The pairs as a weighted graph over the clips: how sums over pairs become sums over clips."""

from __future__ import annotations

import torch
from torch import Tensor


class Graph(torch.nn.Module):
    """Clips are nodes, compared pairs are edges; several rows may lie on one edge.

    With r = Z w, the margins of all pairs are the differences of r along the edges. So a
    gradient is `Zᵀ` times slopes scattered to clips, and a Hessian `Σ_p c_p x_p x_pᵀ`,
    `x_p = z_a ∓ z_b`, is `Zᵀ (D ∓ A) Z` with D the diagonal of the clips' summed c and A the
    weighted adjacency: the graph Laplacian for differences, the signless one for sums. No matrix
    of pairs by features is ever made, and pairs may far outnumber clips.

    Args:
        a: int64 `(rows,)`: one clip of each row.
        b: int64 `(rows,)`: the other.
        clips: How many there are.
    """

    a: Tensor
    b: Tensor
    edges: Tensor
    edge_of: Tensor
    order: Tensor

    def __init__(self, a: Tensor, b: Tensor, clips: int) -> None:
        super().__init__()
        self.clips = clips
        low, high = torch.minimum(a, b), torch.maximum(a, b)
        edge, edge_of = torch.unique(low * clips + high, return_inverse=True)
        low, high = edge // clips, edge % clips
        both = torch.stack([torch.cat([low, high]), torch.cat([high, low])])
        order = torch.argsort(both[0] * clips + both[1])  # torch's coalesced order
        buffers = {"a": a, "b": b, "edges": both[:, order], "edge_of": edge_of}
        buffers["order"] = order % max(len(edge), 1)
        for name, tensor in buffers.items():
            self.register_buffer(name, tensor, persistent=False)

    def scatter(self, rows: Tensor, sign: float = -1.0) -> Tensor:
        """`(clips, …)`: each row's number added to its a, and `sign` times it to its b."""
        by_clip = rows.new_zeros((self.clips, *rows.shape[1:]))
        return by_clip.index_add_(0, self.a, rows).index_add_(0, self.b, rows, alpha=sign)

    def hessian(self, z: Tensor, differences: Tensor, sums: Tensor | None = None) -> Tensor:
        """`Σ_p d_p (z_a - z_b)(z_a - z_b)ᵀ + s_p (z_a + z_b)(z_a + z_b)ᵀ`, `(columns, columns)`.

        Args:
            z: `(clips, columns)`.
            differences: d, `(rows,)`.
            sums: s, `(rows,)`; none by default.
        """
        node = differences if sums is None else differences + sums
        edge = -differences if sums is None else sums - differences
        joined = edge.new_zeros(self.edges.shape[1] // 2).index_add_(0, self.edge_of, edge)
        adjacency = torch.sparse_coo_tensor(
            self.edges, joined[self.order], (self.clips, self.clips), is_coalesced=True
        )
        degree = self.scatter(node, 1.0)
        hessian: Tensor = z.T @ (degree[:, None] * z + torch.sparse.mm(adjacency, z))
        return hessian
