"""Statements about the tables: one repository for each noun."""

from tuxdb.repositories.base import Repository
from tuxdb.repositories.criteria import Filters, OrderBy
from tuxdb.repositories.gallery import GalleryRepository
from tuxdb.repositories.pages import Page, PageAt, PaginationResult

__all__ = [
    "Filters",
    "GalleryRepository",
    "OrderBy",
    "Page",
    "PageAt",
    "PaginationResult",
    "Repository",
]
